"""Parameter rules: selectors, the cascade, initialisation and parameter groups."""

from .arguments import show
from .build import build
from .cascade import check_names, resolve
from .choice import OptimizerChoice, choose
from .groups import ParameterGroup, groups
from .initializers import Init
from .selectors import Matcher
from .streams import generator, stream_key
from .table import Entry, RuleTable

__all__ = [
    "Entry",
    "Init",
    "Matcher",
    "OptimizerChoice",
    "ParameterGroup",
    "RuleTable",
    "build",
    "check_names",
    "choose",
    "generator",
    "groups",
    "resolve",
    "show",
    "stream_key",
]
