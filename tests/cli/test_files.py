"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tnet.cli.files import replace, write
from tnet.diagnostics import SpecError


def test_a_file_is_written_with_its_folders(tmp_path):
    write(tmp_path / "a/b.txt", "é\n")
    assert (tmp_path / "a/b.txt").read_bytes() == b"\xc3\xa9\n"
    write(tmp_path / "a/b.txt", b"bytes")
    assert (tmp_path / "a/b.txt").read_bytes() == b"bytes"
    assert os.listdir(tmp_path / "a") == ["b.txt"]


def test_mode_and_link_stay(tmp_path):
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o640)
    link.symlink_to(target)
    write(link, "new")
    assert link.is_symlink() and target.read_text() == "new" and target.stat().st_mode & 0o777 == 0o640


def test_a_failure_leaves_the_old_file(tmp_path):
    target = tmp_path / "target"
    target.write_text("old")

    def fill(path: Path):
        path.write_text("half")
        raise OSError(28, "No space left on device")

    with pytest.raises(SpecError) as caught:
        replace(target, fill)
    (diagnostic,) = caught.value.diagnostics
    assert diagnostic.code == "TN0902" and diagnostic.message == f"cannot write `{target}`: no space left on device"
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["target"]


@pytest.mark.parametrize("name", ["folder", "file/below"])
def test_a_target_that_cannot_be_written(tmp_path, name):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").write_text("")
    with pytest.raises(SpecError) as caught:
        write(tmp_path / name, "text")
    assert caught.value.diagnostics[0].code == "TN0902"
