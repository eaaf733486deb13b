"""Every technique that is done has a test that names its id, in its name, its docstring or a comment inside it."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest

DONE = {
    "D1": "mean and standard deviation of a data set",
    "D7": "samples to PNG files",
    "D9": "a grid of images, a saved sheet, normalisation undone",
    "D8": "loaders with workers, pinned memory, prefetch",
    "D3": "training and evaluation transforms of ImageNet",
    "D4": "the 22 classic transforms, and the rest of torchvision.transforms.v2",
    "D2": "video basics; a frame for each segment",
    "D5": "8 : 1 : 1 split",
    "D6": "a list file of paths and labels; a folder of classes",
    "D10": "joined data sets",
    "D11": "arrays in memory without copying",
    "D12": "audio and tokenised text through their own libraries",
    "E1": "versions of torch, CUDA, cuDNN, device name",
    "E2": "fixed seeds; deterministic cuDNN, benchmark off",
    "E3": "cuDNN benchmark for fixed sizes",
    "E4": "device choice; CUDA_VISIBLE_DEVICES",
    "E7": "threads and loader workers",
    "E5": "cached memory released between phases",
    "L1": "all losses of torch.nn",
    "L3": "label smoothing, torch's and the handbook's",
    "L9": "several labels a sample, each 0 or 1",
    "O9": "gradient clipping with norm type",
    "O10": "gradient accumulation",
    "O12": "gradients set to none; no_grad for evaluation; train and eval mode",
    "E6": "default dtype, half precision",
    "L2": "a loss of one's own; asymmetric l1",
    "I1": "xavier uniform, normal; kaiming uniform, normal with mode and nonlinearity",
    "I2": "uniform, normal, constant, zeros, ones, eye, dirac, orthogonal, sparse, trunc_normal",
    "I3": "gain of a nonlinearity",
    "I4": "by kind of layer: conv weights by fan-out, norms one and zero, linear xavier, biases zero",
    "I5": "re-draw by formula",
    "L4": "mixup (the losses are mixed, so any loss), cutmix",
    "L6": "l1 on parameters; l2; no decay on biases (and norms)",
    "L7": "dropout",
    "L8": "two losses summed; two independent ones, each with its own backward",
    "L10": "metric learning: contrastive, triplets mined by label",
    "L5": "knowledge distillation, loss + weight · T² · KL",
    "M1": "two-layer conv net, MLP, LeNet",
    "M2": "sequences, ordered and named; functional and module activations",
    "M3": "bilinear pooling with signed square root and l2 normalisation",
    "M4": "convolutions 1d 2d 3d with `same` padding, transposed; output sizes",
    "M5": "all activations, pools, normalisations, dropouts 1d 2d 3d",
    "M6": "BatchNorm to SyncBatchNorm throughout",
    "M7": "a moving average kept in a buffer",
    "M8": "number of parameters; list of parameters and gradients",
    "M9": "picture of the graph; summary",
    "M10": "weights set from given values (a filter, a tensor)",
    "M11": "extracting the first layers, all layers of a kind",
    "M12": "features of one layer, of several layers, of a pretrained net",
    "M13": "a network whose depth is random at each pass, one shared layer",
    "M14": "a custom autograd function, checked against finite differences",
    "M15": "forward and backward hooks",
    "M17": "gradients of inputs and intermediates, vector-Jacobian products, the graph behind an output",
    "M16": "custom Python layers",
    "M18": "autograd functions of several inputs, some optional",
    "M19": "saving a whole model",
    "M20": "a layer defined but never applied cannot happen",
    "O5": "every class of torch.optim.lr_scheduler",
    "O6": "chained schedules; warm-up; warm restarts",
    "O7": "the rate by the batch size",
    "O8": "the current rates; a picture of the curve",
    "T22": "a loop whose end depends on data",
    "O1": "every optimizer of torch.optim with its options",
    "O2": "parameter groups: rates by sub-network, weights and biases apart; adding a group later",
    "O3": "fine-tuning the last layer; small rate for the body, large for the head",
    "O4": "freezing",
    "O11": "automatic mixed precision with scaler",
    "O13": "closures (LBFGS)",
    "R1": "classification training and test loop; accuracy in total and by class",
    "R2": "TensorBoard scalars, images, histograms, graph",
    "R3": "kernels, feature maps, weight and gradient distributions, confusion matrix as pictures",
    "R4": "checkpoints with everything that a run depends on; resuming",
    "R5": "weights only, safetensors; device to device",
    "R6": "partial loading; prefixes of wrappers; checkpoints of handbooks",
    "R8": "torch.compile",
    "R9": "profiling; bottlenecks",
    "R10": "a trace of every step's shape, dtype, device, gradient flag",
    "R11": "attribution of a prediction to its input",
    "R13": "prediction pictures with labels",
    "R12": "best weights restored at the end; time taken",
    "R14": "metrics stay on the device until they are read",
    "R15": "intermediates that are no longer needed are freed",
    "R16": "changes of the learning rate announced",
    "T1": "type, size, ndim; assertions on shape",
    "T2": "named dimensions",
    "T3": "conversions between dtypes and devices",
    "T4": "NumPy and PIL in and out",
    "T5": "reshape, view, flatten, permute, transpose, squeeze, unsqueeze, expand, repeat",
    "T6": "shuffle along a dim",
    "T7": "horizontal flip by index or `flip`",
    "T8": "clone, detach",
    "T9": "cat, stack, chunk, split",
    "T10": "one-hot",
    "T11": "nonzero, where, comparisons, masks",
    "T12": "allclose, equal",
    "T13": "mm, bmm, matmul, elementwise, `@`",
    "T14": "pairwise squared distances by broadcasting; Gaussian kernels of distances",
    "T15": "arithmetic, rounding, powers, trigonometry, clip, bit and logic operators",
    "T16": "linear algebra: svd, eig, norm, qr",
    "T17": "statistics: mean, std, max with index, sort, argsort, argmax, mode, histc",
    "T18": "diagonal, diag_embed, tril, triu, flip",
    "T19": "creating: empty, ones, zeros, eye, arange, linspace, rand, randn, `*_like`",
    "T20": "in-place and `out=` forms",
    "T21": "item, tolist; numel, select, expand_as, contiguous, `new_*`",
    "W1": "softmax before cross entropy",
    "W2": "dropout before batch norm",
    "W3": "large linear layers",
    "W4": "recurrent nets over long sequences",
    "W5": "SGD on unnormalised inputs",
    "W6": "bias before batch norm",
    "W7": "sigmoid in the hidden layers",
    "W8": "in place where autograd needs the value",
    "W9": "`[N, 1]` against `[N]` in a loss",
    "W10": "BCELoss with integer targets",
}

TESTS = Path(__file__).parent


@cache
def sources_of_tests() -> list[str]:
    """The source of each test of the project but those of this file."""
    files = (path for path in TESTS.rglob("test_*.py") if path != Path(__file__))
    return [source for path in files for source in _tests_of(path.read_text(encoding="utf-8"))]


def _tests_of(text: str) -> list[str]:
    lines = text.splitlines()
    functions = (node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef))
    return ["\n".join(lines[it.lineno - 1 : it.end_lineno]) for it in functions if it.name.startswith("test")]


def named(technique: str, sources: list[str]) -> bool:
    return any(re.search(rf"(?<![A-Za-z0-9]){technique}(?![A-Za-z0-9])", source) for source in sources)


@pytest.mark.parametrize("technique", DONE)
def test_technique_has_a_test(technique):
    assert named(technique, sources_of_tests()), f"no test names {technique}: {DONE[technique]}"


def test_a_technique_without_a_test_is_noticed():
    sources = ["def test_m19():\n    pass", 'def test_saving():\n    """M19"""']
    assert named("M19", sources) and not named("M1", sources) and not named("E1", sources)
