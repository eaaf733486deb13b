"""What a spec cannot name, and files that it cannot reach."""

from __future__ import annotations

import pytest

from tnet.catalog.functions import find_function, is_method
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
