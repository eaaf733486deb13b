"""What a spec cannot name, and files that it cannot reach."""

from __future__ import annotations

import re

import pytest
import torch

from tnet.catalog.functions import (
    NAMESPACES,
    find_function,
    function_names,
    is_method,
    method_names,
    namespace_table,
    vision_table,
)
from tnet.compiler import compile_spec
from tnet.syntax import read

OUT_OF_REACH = (
    "save load from_file hub set_default_dtype set_default_device manual_seed seed initial_seed get_rng_state"
    " set_rng_state set_num_threads set_grad_enabled no_grad inference_mode compile ops classes utils jit package"
    " multiprocessing distributed futures import_ir_module vmap fork wait storage untyped_storage set_ resize_"
    " to_dlpack from_dlpack pin_memory record_stream map_ apply_ register_hook share_memory_ retain_grad requires_grad_"
    " backward numpy data_ptr cuda cpu item tolist from_numpy frombuffer asnumpy use_deterministic_algorithms set_vital"
    " read_vitals set_flush_denormal empty_cache __class__ _C"
).split()


@pytest.mark.parametrize("name", OUT_OF_REACH)
def test_files_processes_and_global_state_have_no_name(name):
    assert find_function(name, step=True) is None and find_function(name, step=False) is None and not is_method(name)


REACHING = re.compile(
    "save|load|file|path|^open|hub|compile|jit|script|exec|eval|^set_|_set_|seed|rng|random|register|hook|share|ptr|numpy"
    "|cuda|cpu|xpu|hip|device|thread|grad|enable|import|export|pickle|storage|memory|pin_|buffer|fork|wait|vmap|map_"
    "|backend|determin|library|^ops|classes|dlpack|resize|print|warn|item|list$|python|module|profil|stream|future|vital"
    "|flush|_$|^_"
)
"""What names that touch files, processes, devices, random state or global settings have in them."""

HARMLESS = {"gradient": "the slope of sampled values", "huber_loss": "a loss"}


def resolvable() -> set[str]:
    """Every name that a spec can call on tensors."""
    names = {*function_names(), *method_names(), *vision_table()}
    return names | {f"{space}.{name}" for space in NAMESPACES for name in namespace_table(space)}


def test_no_resolvable_name_reaches_beyond_tensors():
    names = resolvable()
    assert len(names) > 700
    assert {name for name in names if REACHING.search(name)} - set(HARMLESS) == set()


def test_the_pattern_knows_what_is_out_of_reach():
    """All but those that are no function's name or are said by whole words."""
    whole = {"no_grad", "inference_mode", "utils", "package", "multiprocessing", "distributed", "untyped_storage",
             "record_stream", "apply_", "backward", "asnumpy", "empty_cache", "_C"}  # fmt: skip
    assert {name for name in OUT_OF_REACH if not REACHING.search(name)} <= whole


def test_what_resolves_takes_and_gives_tensors_of_pytorch():
    """Each comes from torch, torchvision or einops, and none is a module or a class."""
    found = {name: find_function(name, step=False) for name in resolvable()}
    targets = {name: each for name, each in found.items() if each is not None and not isinstance(each, str)}
    assert len(targets) > 600
    assert {each.path.partition(".")[0] for each in targets.values()} == {"torch", "torchvision", "einops"}
    assert {name for name, each in targets.items() if isinstance(each.call, type | type(torch))} == set()


@pytest.mark.parametrize("path", ["../outside.tnet", "link.tnet", "folder/inner.tnet", "{outside}"])
def test_imports_stay_in_the_project(tmp_path, path):
    project, outside = tmp_path / "project", tmp_path / "outside.tnet"
    project.mkdir()
    outside.write_text("block B { relu }\n")
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "inner.tnet").write_text("block B { relu }\n")
    (project / "link.tnet").symlink_to(outside)
    (project / "folder").symlink_to(tmp_path / "elsewhere")
    written = path.replace("{outside}", str(outside))
    (project / "a.tnet").write_text(f'from "{written}" import B\nnet A(v: float[N, 3]) {{ B }}\n')
    (found,) = compile_spec(read(project / "a.tnet")).diagnostics
    assert found.code == "TN0902" and "leads out of the project" in found.message
