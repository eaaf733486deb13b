"""Layers: arguments against the constructor's signature, sizes read off the input, a prototype on the meta device."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from ..catalog.inference import InferredFrom, inferred_arguments
from ..catalog.layers import LayerClass, why_not_built
from ..catalog.models import ModelBuilder
from ..catalog.python import OwnLayer as OwnClass
from ..catalog.signatures import (
    FACTORY_ARGUMENTS,
    constructor_signature,
    floats_for,
    takes_function,
    takes_layer_class,
)
from ..diagnostics import Note, counted, did_you_mean, error
from ..ir import text
from ..ir.graph import FunctionRef, Layer, LayerArgument, LayerRef, TensorOf, TrainingChoice, TrainingFlag, Value
from ..ir.own import OwnLayer
from ..ir.types import TensorType
from ..shapes import is_symbolic
from ..source import Span
from .callees import Arguments, Callee, Faults, describe
from .evaluation import is_runtime
from .frames import Frame
from .limits import check_bytes
from .misfits import read_off
from .origins import GIVE_SIZES
from .prototypes import constructor_of, prototype_of


def build_layer(callee: Callee, inputs: tuple[Any, ...], span: Span, frame: Frame) -> Layer:
    """The layer for these inputs. Raises SpecError for arguments that it does not take."""
    layer_class: LayerClass = callee.target
    if why := why_not_built(layer_class.cls):
        raise error("TN0206", f"`{callee.name}` cannot be built: {why}", span)
    given = bind_arguments(layer_class, callee.arguments, span)
    inferred = _inferred_values(layer_class, given, inputs, callee.arguments, span, frame)
    arguments = _in_order(layer_class, given, inferred, callee.arguments, inputs, frame, span)
    prototype = prototype_of(layer_class, arguments, inputs, span)
    layer = Layer(layer_class.path, arguments, prototype, span)
    if isinstance(layer_class, OwnClass):
        layer = OwnLayer(layer_class.path, arguments, prototype, span, constructor_of(layer_class, arguments))
    check_memory(layer, frame, span)
    return layer


def bind_arguments(layer_class: LayerClass, args: Arguments, span: Span) -> dict[str, Any]:
    """Arguments by name; positional ones fill what is not read off the input."""
    signature = constructor_signature(layer_class.cls)
    inferred = inferred_arguments(layer_class.cls)
    written = written_arguments(layer_class)
    rest = next((each.name for each in signature.parameters.values() if each.kind is each.VAR_POSITIONAL), None)
    if len(args.positional) > len(written) and rest is None:
        raise _too_many(layer_class, args, written, inferred, span)
    bound = dict(zip(written, args.positional, strict=False))
    if surplus := args.positional[len(written) :]:
        bound[rest] = surplus
    takes_any = any(each.kind is each.VAR_KEYWORD for each in signature.parameters.values())
    faults = Faults()
    for name, value in args.keywords.items():
        faults.of(_check_keyword, layer_class, name, bound, signature, takes_any, args.name_span(name, span))
        bound[name] = value
    for name, value in bound.items():
        place = _place(name, args, written) or span
        help = _read_off(args, written, inferred) if name in written[: len(args.positional)] else None
        faults.of(check_value, layer_class, signature.parameters.get(name), value, place, help)
    faults.end()
    for name, parameter in signature.parameters.items():
        required = parameter.default is parameter.empty and parameter.kind not in COLLECTING
        if required and name not in bound and name not in inferred:
            raise error("TN0302", f"`{layer_class.name}` needs `{name}`", span)
    return bound


def _read_off(args: Arguments, written: list[str], inferred: Mapping[str, Any]) -> str | None:
    """The help for positional arguments that seem to begin with a size that is read off the input."""
    if not inferred or (len(args.positional) == 1 and written[0].startswith(GIVE_SIZES)):
        return None
    named = zip(written, args.positional, strict=False)
    return read_off(inferred, ", ".join(f"{name}={text.argument(value)}" for name, value in named))


def written_arguments(layer_class: LayerClass) -> list[str]:
    """The arguments that may stand without their names, in order: those that are not read off the input."""
    inferred = inferred_arguments(layer_class.cls)
    return [
        each.name
        for each in constructor_signature(layer_class.cls).parameters.values()
        if each.kind in (each.POSITIONAL_ONLY, each.POSITIONAL_OR_KEYWORD) and each.name not in inferred
    ]


def _place(name: str, args: Arguments, written: list[str]) -> Span | None:
    """Where an argument stands, by keyword or by position."""
    return args.spans.get(name) or (args.spans.get(written.index(name)) if name in written else None)


def _too_many(layer_class: LayerClass, args: Arguments, written: list[str], inferred: dict, span: Span) -> Exception:
    listed = ", ".join(f"`{name}`" for name in written) or "none"
    read = ", ".join(f"`{name}`" for name in inferred)
    note = f"; {read} is read off the input" if read else ""
    return error(
        "TN0301", f"`{layer_class.name}` takes at most {counted(len(written), 'argument')}, got {len(args.positional)}",
        args.span(len(written), span), help=f"in order they are {listed}{note}",
    )  # fmt: skip


def _check_keyword(
    layer_class: LayerClass, name: str, bound: dict, signature: inspect.Signature, takes_any: bool, span: Span
) -> None:
    if name in bound:
        raise error("TN0301", f"`{name}` of `{layer_class.name}` is given twice", span)
    if name in FACTORY_ARGUMENTS:
        raise error(
            "TN0301", f"`{name}` is for `train` to say, not for a layer", span, help=f"set `{name} = …` in `train`"
        )
    if name in OF_RULES and name not in signature.parameters:
        help = f"rules say it: `parameters {{ {layer_class.name} {{ {name} = … }} }}`"
        raise error("TN0301", f"`{layer_class.name}` has no argument `{name}`", span, help=help)
    if name not in signature.parameters and not takes_any:
        names = ", ".join(f"`{each}`" for each in signature.parameters)
        raise error(
            "TN0301", f"`{layer_class.name}` has no argument `{name}`", span,
            help=did_you_mean(name, signature.parameters) or f"it has {names or 'none'}",
        )  # fmt: skip


OF_RULES = frozenset("init lr weight_decay freeze l1 l2 max_norm parametrize".split())
"""Properties of parameters, which rules say."""

COLLECTING = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
SIMPLE_TYPES: dict[Any, tuple[type, ...]] = {int: (int,), float: (int, float), bool: (bool,), str: (str,)}


def check_value(
    layer_class: LayerClass | ModelBuilder,
    parameter: inspect.Parameter | None,
    value: Any,
    span: Span,
    help: str | None = None,
) -> None:
    """Refuse a value that is not of the kind that a parameter is annotated with; `help` is for one without a better."""
    if is_runtime(value) or isinstance(value, (TrainingFlag, TrainingChoice)):
        raise error(
            "TN0303", f"an argument of a layer must be known before the model runs, but this is {describe(value)}", span
        )
    if is_symbolic(value):
        raise error(
            "TN0403", f"an argument of a layer is a number, but `{text.size(value)}` is a symbolic size", span,
            help="a parameter's size may not depend on a symbolic size; give the dim a number in the net's type",
        )  # fmt: skip
    expected = SIMPLE_TYPES.get(parameter.annotation) if parameter is not None else None
    if expected is None or value is None or isinstance(value, Callee):
        return
    if not isinstance(value, expected) or isinstance(value, bool) is not (expected == (bool,)):
        kind = {int: "an integer", float: "a number", bool: "true or false", str: "text"}[parameter.annotation]
        helped = "divide with `//`" if isinstance(value, float) and value.is_integer() else help
        raise error(
            "TN0303", f"`{parameter.name}` of `{layer_class.name}` is {kind}, not {describe(value)}", span, help=helped
        )


def _inferred_values(
    layer_class: LayerClass, given: dict[str, Any], inputs: tuple, args: Arguments, span: Span, frame: Frame
) -> dict[str, int]:
    """What is read off the inputs; an argument that is also written must agree, and gives way where it does not."""
    found: dict[str, int] = {}
    for name, rule in inferred_arguments(layer_class.cls).items():
        if name in ("kdim", "vdim") and not _differs(rule, inputs, found):
            continue
        if _is_list(given.get(name)):  # `normalized_shape=[C, H, W]` names more dims than one
            continue
        size = _size(layer_class, name, rule, inputs, given, span)
        if name not in given:
            found[name] = size
        elif given[name] != size:
            value = inputs[min(rule.input, len(inputs) - 1)]
            frame.fault(error(
                "TN0401", f"`{name}` of `{layer_class.name}` is {given[name]}, but the input has {size}",
                args.span(name, span), Note(f"the input is `{value.type}`", value.span),
                help=f"leave `{name}` out; it is read off the input",
            ))  # fmt: skip
            given[name] = size
    return found


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple))


def _differs(rule: InferredFrom, inputs: tuple, found: dict[str, int]) -> bool:
    if len(inputs) <= rule.input or not isinstance(inputs[rule.input], Value):
        return False
    return inputs[rule.input].type.dims[rule.dim] != found.get("embed_dim")


def _size(layer_class: LayerClass, name: str, rule: InferredFrom, inputs: tuple, given: dict, span: Span) -> int:
    value = inputs[rule.input] if rule.input < len(inputs) else None
    if isinstance(value, (tuple, list)):
        raise error(
            "TN0303", f"`{layer_class.name}` is given a {type(value).__name__} of {len(value)}, not one tensor", span,
            help="take it apart first: `a, b = …`",
        )  # fmt: skip
    if not isinstance(value, Value):
        raise error("TN0302", f"`{layer_class.name}` needs an input number {rule.input + 1} to find `{name}`", span)
    if not isinstance(value.type, TensorType):
        raise error("TN0302", f"`{name}` cannot be read off a `{value.type}`", span, help=f"write `{name}=…`")
    dims = value.type.dims
    if not -len(dims) <= rule.dim < len(dims):
        raise error(
            "TN0401", f"`{layer_class.name}` reads `{name}` from dim {rule.dim} of its input, which has {len(dims)}",
            span, Note(f"the input is `{value.type}`", value.span),
        )  # fmt: skip
    size = dims[rule.dim]
    if is_symbolic(size):
        raise error(
            "TN0403",
            f"`{name}` of `{layer_class.name}` would be `{text.size(size)}`; a parameter's size must be a number", span,
            Note(f"the input is `{value.type}`", value.span), help="give the dim a number in the net's type",
        )  # fmt: skip
    return size


def _in_order(
    layer_class: LayerClass, given: dict, inferred: dict, args: Arguments, inputs: tuple, frame: Frame, span: Span
) -> tuple[LayerArgument, ...]:
    """Arguments as they are printed: in the signature's order, positional as far as nothing is left out."""
    printed: list[LayerArgument] = []
    written = written_arguments(layer_class)
    positional = True
    for name, parameter in constructor_signature(layer_class.cls).parameters.items():
        if name not in given and name not in inferred:
            positional = False
            continue
        positional = positional and name not in args.keywords and parameter.kind is not parameter.KEYWORD_ONLY
        value = given[name] if name in given else inferred[name]
        if parameter.kind is parameter.VAR_POSITIONAL:
            printed += [LayerArgument(name, _printed(each, parameter, inputs, frame, span), True) for each in value]
            continue
        converted = _printed(value, parameter, inputs, frame, span)
        printed.append(LayerArgument(name, converted, positional, name not in given, _place(name, args, written)))
    known = {each.name for each in printed}
    printed += [
        LayerArgument(name, value, False, span=_place(name, args, written))
        for name, value in given.items()
        if name not in known
    ]
    return tuple(printed)


def _printed(value: Any, parameter: inspect.Parameter, inputs: tuple, frame: Frame, span: Span) -> Any:
    """A compile-time value as an argument: lists as tuples where the signature wants one, layers built or named."""
    if isinstance(value, Callee):
        return _callee_argument(value, parameter, inputs, frame, span)
    annotation = str(parameter.annotation).lower()
    if numbers := floats_for(parameter, value):
        return TensorOf(numbers)
    if isinstance(value, list) and ("tuple" in annotation or "size" in annotation or _is_list(parameter.default)):
        return tuple(value)
    return value


def _callee_argument(value: Callee, parameter: inspect.Parameter, inputs: tuple, frame: Frame, span: Span) -> Any:
    if value.kind == "function":
        return FunctionRef(value.target.path)
    if value.kind != "layer":
        help = f"`{parameter.name}` is a layer or function of a library; write what it is part of as a block"
        raise error("TN0303", f"a library layer cannot hold {describe(value)}", span, help=help)
    if takes_layer_class(parameter):
        if value.args:
            raise error("TN0301", f"arguments of `{value.name}` are given by keyword here", span)
        return LayerRef(value.target.path, value.kwargs)
    if takes_function(parameter):
        raise error("TN0303", f"`{parameter.name}` is a function, such as `relu`, not the layer `{value.name}`", span)
    return build_layer(value, inputs, span, frame)


def check_memory(layer: Layer, frame: Frame, span: Span) -> None:
    """Refuse a net whose parameters the machine cannot hold, before anything is allocated."""
    tensors = [*layer.prototype.parameters(), *layer.prototype.buffers()]
    check_bytes(frame, sum(each.numel() * each.element_size() for each in tensors), span)
