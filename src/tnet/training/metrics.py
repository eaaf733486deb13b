"""Metrics: torchmetrics' classes in small letters, with `task` and the number of classes inferred."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..data.calls import bind, described_value
from ..diagnostics import SpecError, did_you_mean, error
from ..ir.graph import Net
from ..ir.values import Call
from ..source import Span
from . import metric_catalog
from .losses import BINARY, MULTILABEL, OF_LOGITS, LossChoice
from .metric_catalog import MetricClass
from .outputs import output_dims

if TYPE_CHECKING:
    from torch import Tensor

SHORT = {"confusion": "confusion_matrix"}
"""Names of the language for metrics that torchmetrics calls otherwise."""
ABBREVIATED = {
    "mse": "mean_squared_error", "mae": "mean_absolute_error", "rmse": "normalized_root_mean_squared_error",
    "r2": "r2_score", "f1": "f1_score", "auc": "auroc", "map": "average_precision", "iou": "jaccard_index",
    "miou": "mean_io_u", "dice": "dice_score", "psnr": "peak_signal_noise_ratio",
    "ssim": "structural_similarity_index_measure", "mcc": "matthews_corr_coef",
}  # fmt: skip
"""What some are called in short, for the help."""
NO_NUMBERS = ("ConfusionMatrix", "ROC", "PrecisionRecallCurve", "StatScores")
"""Metrics whose value is never a number."""
CURVES = frozenset(
    {"AUROC", "AveragePrecision", "CalibrationError", "EER", "HingeLoss", "LogAUC", "PrecisionAtFixedRecall",
     "PrecisionRecallCurve", "RecallAtFixedPrecision", "ROC", "SensitivityAtSpecificity", "SpecificityAtSensitivity"}
)  # fmt: skip
"""Metrics that look at the probability of each class; all others only at the likeliest."""
OF_CLASSES = ("segmentation", "clustering")
"""Domains whose metrics compare class numbers with class numbers."""
OF_NUMBERS = ("regression", "image", "audio", "shape")
"""Domains whose targets are numbers; all others' are whole."""
FETCHING = ("DeepImageStructureAndTextureSimilarity",)
"""Metrics whose own nets are downloaded where they are built."""
SIZES = ("num_classes", "num_labels")
"""Arguments that are the size of dim 1 of the output."""


@dataclass(frozen=True)
class MetricChoice:
    """A metric with the name it is reported under."""

    name: str
    cls: MetricClass
    arguments: Mapping[str, Any]
    span: Span | None
    of_logits: bool = False

    def seen(self, output: Tensor) -> Tensor:
        """What the metric is given of an output, [N, …]: probabilities, where it would else guess in each batch by the
        range of the values whether they are some.
        """
        if self.cls.domain in OF_CLASSES:
            return output.argmax(1)
        if not self.of_logits:
            return output
        if self.arguments.get("task") in ("binary", "multilabel"):
            return output.sigmoid()
        return output.softmax(1) if self.cls.name in CURVES else output

    def update(self, built: Any, output: Tensor, target: Tensor) -> None:
        """Have what `build` gave count a batch."""
        built.update(self.seen(output), target.long() if self.whole_targets else target)

    def build(self) -> Any:
        """The torchmetrics object. Raises SpecError (TN0802) for what torchmetrics rejects."""
        try:
            return self.cls.load()(**self.arguments, **self._unchecked())
        except (TypeError, ValueError, ModuleNotFoundError, RuntimeError, OSError) as problem:
            reason = str(problem).strip().splitlines()[0]
            raise error("TN0802", f"`{self.cls.name}` rejects this: {reason}", self.span) from problem

    def _unchecked(self) -> dict[str, bool]:
        """Checking values would read them from the device at each batch."""
        parameters = inspect.signature(self.cls.load()).parameters
        return {name: False for name in metric_catalog.DECIDED if name in parameters}

    @property
    def is_number(self) -> bool:
        return self.cls.name not in NO_NUMBERS

    @property
    def whole_targets(self) -> bool:
        return self.cls.domain not in OF_NUMBERS


def more_is_better(metrics: Sequence[MetricChoice], result: str | None) -> bool:
    """Whether more of a result (`val.accuracy`) is better: what torchmetrics says of the metric, no for a loss.

    Raises SpecError (TN0802) where torchmetrics does not say.
    """
    for choice in metrics:
        if f"val.{choice.name}" == result:
            better = choice.build().higher_is_better
            if better is None:
                raise error("TN0802", f"`{choice.name}` is neither better when higher nor when lower", choice.span)
            return better
    return False


def choose(value: Any, span: Span, loss: LossChoice | None, net: Net | None) -> tuple[MetricChoice, ...]:
    """The metrics of `metrics = [accuracy, …]` or `{top5: accuracy(top_k=5)}`. Raises SpecError with all faults."""
    if isinstance(value, Mapping):
        named = [(str(name), call) for name, call in value.items()]
    else:
        named = [(None, call) for call in (value if isinstance(value, list | tuple) else [value])]
    found: dict[str, MetricChoice] = {}
    wrong = []
    for name, call in named:
        try:
            choice = _one(name, call, span, loss, net)
            if choice.name in found:
                raise error("TN0802", f"the metric `{choice.name}` is given twice", choice.span)
            found[choice.name] = choice
        except SpecError as problem:
            wrong += problem.diagnostics
    if wrong:
        raise SpecError(wrong)
    return tuple(found.values())


def _one(name: str | None, value: Any, span: Span, loss: LossChoice | None, net: Net | None) -> MetricChoice:
    call = Call(value, span=span) if isinstance(value, str) else value
    if not isinstance(call, Call):
        raise error("TN0802", f"{described_value(value)} is no metric", span, help="such as `accuracy`")
    cls = metric_catalog.find(SHORT.get(call.name, call.name))
    if cls is None or not call.name.islower():
        long = ABBREVIATED.get(call.name.lower())
        advice = f"write `{long}`" if long else did_you_mean(call.name, [*metric_catalog.classes(), *SHORT])
        raise error("TN0802", f"unknown metric `{call.name}`", call.name_span or span, help=advice)
    _require_comparing(call, cls, span)
    expected = cls.signature
    mine = {"task", *(SIZES if net else ())}
    optional = [each.replace(default=None) if each.name in mine else each for each in expected.parameters.values()]
    first = [each for each in optional if each.name not in mine]
    last = [each.replace(kind=each.KEYWORD_ONLY) for each in optional if each.name in mine]
    written = bind(call, expected.replace(parameters=first + last))
    inferred = _inferred(call, written, loss, net, span, cls) if net else {}
    arguments = {**inferred, **written}
    return MetricChoice(
        name or written_name(call), cls, arguments, call.span or span, bool(loss) and loss.name in OF_LOGITS
    )


def _require_comparing(call: Call, cls: MetricClass, span: Span) -> None:
    """Raises SpecError (TN0802) for a metric of something else than an output and a target, both tensors."""
    if cls.name in FETCHING:
        message = f"`{call.name}` fetches weights that the spec does not name"
        raise error("TN0802", message, call.span or span)
    takes = cls.takes
    if [name.rstrip("s") for name in takes] == ["pred", "target"] and set(takes.values()) == {"Tensor"}:
        return
    listed = ", ".join(f"`{name}: {kind}`" for name, kind in takes.items())
    message = f"`{call.name}` takes {listed}, not the net's output and `target`, which are tensors"
    raise error(
        "TN0802",
        message,
        call.span or span,
        help="compute it in Python, with the `model` of the run that `spec.train()` gives",
    )


def _inferred(call: Call, written: Mapping[str, Any], loss: LossChoice, net: Net, span: Span, cls: MetricClass) -> dict:
    """`task` by the loss, and the classes or labels by dim 1 of the net's (first) output."""
    if "task" not in cls.signature.parameters:
        return _sizes(cls, net)
    task = written.get("task") or _task(loss, net)
    if task is None:
        raise error("TN0802", f"the task of `{call.name}` does not follow from the loss", call.span or span,
                    help=f'write `{call.name}(task="multiclass", num_classes=…)`')  # fmt: skip
    dims = output_dims(net)
    count = dims[1] if len(dims) > 1 and isinstance(dims[1], int) else None
    sizes = {"multiclass": "num_classes", "multilabel": "num_labels"}
    return {"task": task} | ({sizes[task]: count} if task in sizes and count else {})


def _sizes(cls: MetricClass, net: Net) -> dict[str, Any]:
    """What a metric without a `task` is told of the output, and that class numbers are given as such."""
    dims, known = output_dims(net), cls.signature.parameters
    found: dict[str, Any] = {"input_format": "index"} if "input_format" in known else {}
    if len(dims) > 1 and isinstance(dims[1], int):
        found |= {name: dims[1] for name in SIZES if name in known}
    return found


def _task(loss: LossChoice, net: Net) -> str | None:
    if loss.class_numbers:
        return "multiclass"
    if loss.name in MULTILABEL:
        return "multilabel"
    if loss.name in BINARY:
        dims = output_dims(net)
        return "multilabel" if len(dims) > 1 and dims[1] != 1 else "binary"
    return None


def written_name(call: Call) -> str:
    """`accuracy(top_k=5)` as `accuracy_top_k_5`."""
    words = [call.name, *map(str, call.args), *(f"{name}_{value}" for name, value in call.kwargs.items())]
    return re.sub(r"\W+", "_", "_".join(words)).strip("_")
