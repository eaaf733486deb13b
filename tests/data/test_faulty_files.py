"""Files that are not what a source takes them for: each is named, and nothing of them is run."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from by_hand import call, net, recipe, refused


class Evil:
    """Whoever unpickles this makes a file."""

    def __reduce__(self):
        return Path.touch, (Path("unpickled"),)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


VALUES = np.ones((3, 2), dtype=np.float32)
ARRAYS = {
    "objects": (np.array([0, None, 1], dtype=object), "`target` of `f.npz` holds Python objects, which are not read"),
    "texts": (np.array(["a", "b", "c"]), "`target` of `f.npz` holds no numbers: <U1"),
}
PICKLES = {
    "an object": (Evil(), "`f.pt` holds Python objects, which are not read"),
    "a text beside": ({"v": torch.ones(3, 2), "note": "x"}, "`note` of `f.pt` is no tensor"),
    "a list": ([torch.ones(3, 2)], "`f.pt` is no map from names to tensors"),
}


def reading(file):
    return recipe(net(2, name="v"), train=call("Tensors", file)).load


@pytest.mark.parametrize("kind", ARRAYS)
def test_arrays_that_hold_no_numbers(kind):
    target, message = ARRAYS[kind]
    np.savez("f.npz", v=VALUES, target=target)
    assert message in refused(reading("f.npz"), "TN0702")


@pytest.mark.parametrize("kind", PICKLES)
def test_pickles_that_hold_more_than_tensors(kind):
    held, message = PICKLES[kind]
    torch.save(held, "f.pt")
    assert message in refused(reading("f.pt"), "TN0702") and not Path("unpickled").exists()


def test_a_pickle_by_another_name():
    Path("f.npz").write_bytes(pickle.dumps(Evil()))
    assert "it is no archive of arrays" in refused(reading("f.npz"), "TN0702")
    assert not Path("unpickled").exists()


@pytest.mark.parametrize("kind", ["<i2", ">i8", "u2", "?"])
def test_classes_of_any_whole_numbers(kind):
    """Losses take int64; another machine's order of bytes is turned."""
    np.savez("f.npz", v=VALUES.astype(">f4"), target=np.array([0, 1, 1]).astype(kind))
    train = reading("f.npz")().train
    batch = train.make(train.indices, 0)
    assert batch["target"].tolist() == [0, 1, 1] == train.labels.tolist() and batch["target"].dtype == torch.int64
    assert torch.equal(batch["v"], torch.ones(3, 2))


@pytest.mark.parametrize(("content", "code", "message"), [
    ("a;b;y\n1;2;0\n", "TN0304", '`delimiter=";"`'),
    ("a\tb\ty\n1\t2\t0\n", "TN0304", '`delimiter="\t"`'),
    ("a,b,y\n1,2,0\n3,x,1\n", "TN0703", "columns: 1 of numbers, 1 of categories (`b` 2; code 0 is any other)"),
    ("a,b,y\n1,2,\xe9\n".encode("latin-1"), "TN0702", "`t.csv` is not UTF-8"),
    ("a,b,y\n", "TN0702", "`t.csv` has no rows"),
    ("a,a,y\n1,2,0\n", "TN0702", "names `a` twice"),
    ("", "TN0702", "names no columns"),
    ("a,b,y\n1,2,0\n1,2,0,4\n", "TN0702", "line 3 of `t.csv` has 4 cells"),
])  # fmt: skip
def test_tables_of_other_programs(content, code, message):
    Path("t.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    source = call("Table", "t.csv", target="y")
    assert message in refused(recipe(net(2, name="v"), train=source).load, code)


def test_a_mark_of_the_order_of_bytes_and_lines_in_cells_are_no_faults():
    Path("t.csv").write_bytes('\ufeffa,b,"the\ny"\r\n"1\n",2,0\r\n3,4,1\r\n'.encode())
    train = recipe(net(2, name="v"), train=call("Table", "t.csv", target="the\ny")).load().train
    batch = train.make(train.indices, 0)
    assert batch["v"].tolist() == [[1, 2], [3, 4]] and batch["target"].tolist() == [0, 1]
