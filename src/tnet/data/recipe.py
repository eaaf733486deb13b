"""The `data` section: every setting and transform checked, nothing read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from torch import Tensor

from ..diagnostics import Diagnostic, Note, SpecError, counted, error, nearest
from ..ir.graph import Layer, Module, Net, Value, walk
from ..ir.program import Conditional, DataSection, Pipeline, Setting
from ..ir.types import TensorType
from ..parameters.arguments import show
from ..source import Source, Span
from .cutting import PARTS
from .loaders import Loaders, Working
from .settings import SETTINGS, STAGES, read_setting
from .sources.registry import JoinedChoice, SourceChoice
from .transforms.choose import Transform
from .transforms.choose import choose as choose_transform
from .transforms.own import choose as choose_own
from .transforms.pipeline import Stage
from .transforms.steps import CROPS


@dataclass(frozen=True)
class DataRecipe:
    """What a data section says. `inputs` are the net's; `spec` is what relative paths start from; `given` has the
    settings as they are in force, for `run.yaml`."""

    spec: Source | None = None
    inputs: tuple[Value, ...] = ()
    sources: Mapping[str, SourceChoice | JoinedChoice] = field(default_factory=dict)
    split: tuple[int | float, ...] | None = None
    split_seed: int = 0
    by: str | None = None
    views: int = 1
    pad: int | float | None = None
    on_bad_sample: str = "stop"
    working: Working = Working()
    decode: str = "full"
    augment: Stage = Stage("augment")
    prepare: Stage = Stage("prepare")
    transform: Stage = Stage("transform")
    skip_single: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    spans: Mapping[str, Span] = field(default_factory=dict)

    def load(
        self,
        seed: int = 0,
        batch: int = 1,
        *,
        data: Any = None,
        device: str = "cpu",
        statistics: Mapping[int, Mapping[str, list[float]]] | None = None,
        split: Mapping[str, Tensor] | None = None,
        fetch: bool = True,
    ) -> Loaders:
        """The data, read, checked against the net and cut into parts.

        `seed` is for order and augmentation, `batch` the samples of one batch. `data` stands in for the sources:
        arrays or tensors, the net's inputs in order and the target, a map from field names, or a map from `train`,
        `val` and `test` to such. `statistics` are used in place of computing "auto", `split`, the numbers of each
        part's samples, in place of drawing it; `fetch` allows downloads, where the spec asks for them.

        Raises SpecError (TN0702, TN0703, TN0704).
        """
        from .load import load

        return load(self, seed, batch, data, device, statistics, split, fetch)

    def counts(self) -> dict[str, int]:
        """The samples of each part. No sample is made, no statistics are taken, nothing is downloaded.

        Raises SpecError as `load` does."""
        from .load import counts

        return counts(self)


def resolve(section: DataSection | None, net: Net | None) -> tuple[DataRecipe, list[Diagnostic]]:
    """The recipe of a section (None: one that takes data from Python only), with all that is wrong with it."""
    inputs = tuple(net.root.inputs[: net.root.own_inputs]) if net else ()
    skip = net is not None and fails_on_one_sample(net.root)
    if section is None:
        return DataRecipe(inputs=inputs, skip_single=skip), []
    found: list[Diagnostic] = []
    values = {}
    for setting in section.settings.values():
        try:
            values[setting.name] = read_setting(setting)
        except SpecError as problem:
            found += problem.diagnostics
    stages = {name: _stage(pipeline, name, found) for name, pipeline in section.pipelines.items()}
    found += _contradictions(section.settings, section.failed)
    if inputs and values.get("views", 1) > len(inputs):
        views = section.settings["views"]
        message = f"`views = {views.value}` fills {views.value} inputs, the net takes {counted(len(inputs), 'input')}"
        found.append(Diagnostic("TN0704", "error", message, views.value_span, (Note("the net", net.span),)))
    options = {name: values[name] for name in ("workers", "pin_memory", "prefetch", "cache") if name in values}
    recipe = DataRecipe(
        section.span.source, inputs, {name: values[name] for name in PARTS if name in values}, values.get("split"),
        values.get("split_seed", 0), values.get("by"), values.get("views", 1), values.get("pad"),
        values.get("on_bad_sample", "stop"), Working(**options), values.get("decode", "full"), skip_single=skip,
        given={name: plain_value(setting.value) for name, setting in section.settings.items()},
        spans={name: setting.value_span for name, setting in section.settings.items()},
        **{name: stage for name, stage in stages.items() if name in STAGES},
    )  # fmt: skip
    return recipe, found


def plain_value(value: Any) -> Any:
    """A value for YAML: numbers, texts, switches and lists of them as they are, all else as a spec writes it."""
    plain = isinstance(value, list) and all(isinstance(each, int | float | str) for each in value)
    return value if plain or isinstance(value, int | float | str | None) else show(value)


def _stage(pipeline: Pipeline, name: str, found: list[Diagnostic]) -> Stage:
    transforms = []
    for step in pipeline.steps:
        step, when = (step.call, step.training) if isinstance(step, Conditional) else (step, None)
        try:
            chosen = choose_own(step) if step.target else choose_transform(step, choose_own)
            transform = replace(chosen, training=when)
            if transform.auto and name != "transform":
                advice = "write it in `transform`, where images are float in [0, 1]"
                raise error("TN0704", f'"auto" statistics are not for `{name}`', step.span, help=advice)
            _check_crops(transform, name)
            transforms.append(transform)
        except SpecError as problem:
            found += problem.diagnostics
    return Stage(name, tuple(transforms))


def _check_crops(transform: Transform, stage: str) -> None:
    """Several images of one are for evaluation, which averages what is predicted of them."""
    held = next((each.name for each in transform.inner if each.name in CROPS), None)
    if held is not None:
        raise error("TN0704", f"`{held}` stands alone, not in `{transform.name}`", transform.span)
    evaluation = stage == "prepare" or stage == "transform" and transform.training is False
    if transform.name in CROPS and not evaluation:
        advice = "write it in `prepare`; in training `RandomCrop` takes one crop of each"
        raise error(
            "TN0704", f"`{transform.name}` makes several images of one, only to evaluate", transform.span, help=advice
        )


def _contradictions(settings: Mapping[str, Setting], failed: frozenset[str]) -> list[Diagnostic]:
    """Settings that cannot both hold."""
    found = []
    split = settings.get("split")
    cut = PARTS[1 : len(split.value)] if split and isinstance(split.value, list | tuple) else ()
    for name in cut:
        if name in settings:
            note = Note(f"`split` cuts `{name}` from `train`", split.span)
            found.append(Diagnostic("TN0704", "error", f"`{name}` is given twice", settings[name].span, (note,)))
    mistyped = any(nearest(name, ["train"]) for name in settings if name not in SETTINGS)
    if settings and "train" not in settings.keys() | failed and not mistyped:
        first = next(iter(settings.values()))
        found.append(Diagnostic("TN0704", "error", "the data section names no `train`", first.span))
    if "by" in settings and split is None:
        advice = "it names the column whose values are in one part each"
        found.append(Diagnostic("TN0704", "error", "`by` is for `split`", settings["by"].span, help=advice))
    workers, prefetch = settings.get("workers"), settings.get("prefetch")
    if workers and prefetch and workers.value == 0 and prefetch.value != "auto":
        note = Note("there are none", workers.span)
        found.append(Diagnostic("TN0704", "error", "`prefetch` is for workers", prefetch.span, (note,)))
    return found


def fails_on_one_sample(module: Module) -> bool:
    """Whether a batch norm would see one value a channel, which it refuses in training, in a batch of one sample."""
    for node in walk(module.nodes):
        if node.op != "apply":
            continue
        child = module.children[node.target]
        if isinstance(child, Module) and fails_on_one_sample(child):
            return True
        if isinstance(child, Layer) and child.class_name.startswith(("BatchNorm", "SyncBatchNorm")):
            kind = node.args[0].type if isinstance(node.args[0], Value) else None
            if isinstance(kind, TensorType) and all(dim == 1 for dim in kind.dims[2:]):
                return True
    return False
