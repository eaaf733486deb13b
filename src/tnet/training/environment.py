"""The process: settings that a recipe asks for, put back afterwards, and what a run depends on besides its spec."""

from __future__ import annotations

import os
import platform
import random
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from importlib import metadata
from typing import Any

import numpy as np
import torch

from .dtypes import default_dtype
from .loop import Stop
from .recipe import Recipe
from .world import World

PACKAGES = ("tnet", "torch", "torchvision", "torchmetrics", "numpy", "safetensors", "scikit-learn")

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
"""What cuBLAS asks for where it is to be deterministic: https://docs.nvidia.com/cuda/cublas/#results-reproducibility"""


@contextmanager
def process_settings(recipe: Recipe) -> Iterator[None]:
    """Threads, precision of matrix products, determinism and the global generators, for the time of a run."""
    backends = torch.backends
    before = (torch.get_num_threads(), backends.cudnn.benchmark,
              backends.cudnn.deterministic, torch.are_deterministic_algorithms_enabled(),
              torch.is_deterministic_algorithms_warn_only_enabled())  # fmt: skip
    put_back_precision = _matmul_precision()
    states = random.getstate(), np.random.get_state()
    workspace = os.environ.get(WORKSPACE)
    try:
        with torch.random.fork_rng(devices=range(torch.cuda.device_count())):
            if recipe.threads:
                torch.set_num_threads(recipe.threads)
            torch.set_float32_matmul_precision(recipe.matmul)
            backends.cudnn.benchmark = recipe.benchmark
            if recipe.deterministic:
                os.environ.setdefault(WORKSPACE, ":4096:8")
                backends.cudnn.deterministic = True
                torch.use_deterministic_algorithms(True)
            seed(recipe.seed)
            watched = torch.autograd.set_detect_anomaly(True) if recipe.anomaly else nullcontext()
            with default_dtype(recipe.dtype), watched:
                yield
    finally:
        torch.set_num_threads(before[0])
        put_back_precision()
        backends.cudnn.benchmark, backends.cudnn.deterministic = before[1], before[2]
        torch.use_deterministic_algorithms(before[3], warn_only=before[4])
        if workspace is None:
            os.environ.pop(WORKSPACE, None)
        random.setstate(states[0])
        np.random.set_state(states[1])


def _matmul_precision() -> Callable[[], None]:
    """What puts the precision of matrix products back. Where a program has set that of one backend by itself, torch
    refuses to name a common one."""
    try:
        return partial(torch.set_float32_matmul_precision, torch.get_float32_matmul_precision())
    except RuntimeError:
        apart = [torch.backends.cuda.matmul, torch.backends.mkldnn.matmul]
        kept = [each.fp32_precision for each in apart]

        def put_back() -> None:
            for each, value in zip(apart, kept, strict=True):
                each.fp32_precision = value

        return put_back


def seed(number: int) -> None:
    """Start the global generators of Python, NumPy and torch."""
    random.seed(number)
    np.random.seed(number % 2**32)
    torch.manual_seed(number)


@contextmanager
def stopping(stop: Stop) -> Iterator[None]:
    """The first SIGINT or SIGTERM asks to stop after the step under way; a second one does what it did before."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def put_back() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    def ask(*_: Any) -> None:
        stop.requested = True
        put_back()

    for number in before:
        signal.signal(number, ask)
    try:
        yield
    finally:
        put_back()


def release(world: World) -> None:
    """Give back memory that the phase before has cached on the device."""
    if world.device.type in ("cuda", "mps"):
        getattr(torch, world.device.type).empty_cache()


def versions() -> dict[str, str]:
    """Versions of Python, the packages that count, CUDA and cuDNN."""
    found = {"python": platform.python_version()}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    found["torch"] = str(torch.__version__)
    if torch.version.cuda:
        found |= {"cuda": torch.version.cuda, "cudnn": str(torch.backends.cudnn.version())}
    return found


def device_name(world: World) -> str:
    """`cpu (x86_64, 2 threads)`, `cuda:0 (NVIDIA H100)`"""
    if world.device.type == "cuda":
        return f"{world.device} ({torch.cuda.get_device_name(world.device)})"
    return f"{world.device} ({platform.machine()}, {torch.get_num_threads()} threads)"
