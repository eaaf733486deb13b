"""Versions, devices, compiler, threads, and which optional parts are installed."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import sys
from importlib import metadata
from shutil import which

OPTIONAL = {
    "tensorboard": ["tensorboard"],
    "attribute": ["captum"],
    "onnx": ["onnx", "onnxscript"],
    "parquet": ["pyarrow"],
    "video": ["av"],
    "coco": ["pycocotools"],
    "editor": ["pygls"],
    "benchmarks": ["psutil", "lightning", "keras"],
}
"""The extras of the package with what each installs."""


def arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="for programs")


def run(options: argparse.Namespace) -> int:
    found = environment()
    if options.json:
        print(json.dumps(found, indent=2))
        return 0
    width = max(map(len, found))
    for name, value in found.items():
        lines = value if isinstance(value, list) else [value]
        for number, line in enumerate(lines or ["none"]):
            print(f"{name if number == 0 else '':{width}}  {'not found' if line is None else line}")
    return 0


def environment() -> dict[str, str | int | list[str] | None]:
    """What a run depends on besides its spec."""
    import torch

    cudnn = torch.backends.cudnn.version()
    return {
        "tnet": version("tnet"),
        "python": f"{platform.python_version()} ({sys.executable})",
        "platform": platform.platform(),
        "torch": torch.__version__,
        "torchvision": version("torchvision"),
        "cuda": torch.version.cuda,
        "cudnn": str(cudnn) if cudnn else None,
        "devices": devices(),
        "threads": torch.get_num_threads(),
        "c++ compiler": compiler(),
        "graphviz": program("graphviz-pure", "dot"),
        "optional parts": [f"{extra}: {installed(packages)}" for extra, packages in OPTIONAL.items()],
    }


def version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def installed(packages: list[str]) -> str:
    """The versions of an extra's packages, or how to install it."""
    versions = [f"{package} {version(package)}" for package in packages if version(package)]
    return ", ".join(versions) if len(versions) == len(packages) else "not installed"


def devices() -> list[str]:
    """Each device that torch can use, with the name of its model."""
    import torch

    found = [f"cpu ({platform.processor() or platform.machine()}, {os.cpu_count()} cores)"]
    found += [f"cuda:{number} ({torch.cuda.get_device_name(number)})" for number in range(torch.cuda.device_count())]
    return found + ["mps"] * torch.backends.mps.is_available()


def compiler() -> str | None:
    """The C++ compiler that `torch.compile` would use: `CXX`, else the system's."""
    candidates = [*shlex.split(os.environ.get("CXX", ""))[:1], "g++", "clang++", "c++", "cl"]
    return program(*candidates)


def program(*names: str) -> str | None:
    return next((path for path in map(which, names) if path), None)
