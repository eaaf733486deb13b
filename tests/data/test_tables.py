"""Tables: columns to the net's inputs, categories and missing cells by the training part; bad tables are named."""

from __future__ import annotations

import json
from pathlib import Path

import PIL.Image
import pytest
import torch
from by_hand import SPAN, call, net, recipe, refused
from sklearn.datasets import load_iris

import tnet
from tnet.cli.main import main
from tnet.data.sources.new_rows import read_rows
from tnet.ir.graph import Module, Net, Value
from tnet.ir.types import TensorType
from tnet.ir.values import Combined

ROWS = """age,city,fare,sex,y
30,Oslo,7.5,f,yes
40,Rome,8.5,m,no
50,Oslo,9.5,f,yes
60,"Bonn, am Rhein",10.5,m,no
"""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    written("t.csv", ROWS)
    return tmp_path


def written(name, text):
    with open(name, "w", encoding="utf-8") as file:
        file.write(text)


def taking(**inputs):
    """A net of these inputs: `age="float32"` for [N], `v=("float32", 3)` for [N, 3]."""
    kinds = {name: (kind,) if isinstance(kind, str) else kind for name, kind in inputs.items()}
    values = [Value(name, TensorType(kind[0], ("N", *kind[1:])), SPAN) for name, kind in kinds.items()]
    return Net(
        "Net",
        Module("net", "Net", values, own_inputs=len(values)),
        ((None, TensorType("float32", ("N", 2))),),
        {"N": None},
    )


def whole(data, part="train"):
    """The samples of a part in the order of the table."""
    loader = data.parts[part]
    return {name: value for name, value in loader.make(loader.indices, 0).items()}


def test_one_input_takes_all_columns_with_categories_one_hot():
    data = recipe(taking(v=("float32", 7)), train=call("Table", "t.csv", target="y")).load()
    rows = whole(data)
    assert rows["v"].tolist() == [
        [30, 0, 1, 0, 7.5, 1, 0], [40, 0, 0, 1, 8.5, 0, 1], [50, 0, 1, 0, 9.5, 1, 0], [60, 1, 0, 0, 10.5, 0, 1],
    ]  # fmt: skip
    assert rows["target"].tolist() == [1, 0, 1, 0] and data.classes == ["no", "yes"]
    assert any("`city` 3" in note and "`sex` 2" in note for note in data.notes)


def test_inputs_called_as_columns_take_them():
    inputs = taking(city="int64", age="float32", rest=("float32", 1))
    data = recipe(inputs, train=call("Table", "t.csv", target="y", columns=["fare"])).load()
    rows = whole(data)
    assert rows["city"].tolist() == [2, 3, 2, 1] and rows["age"].tolist() == [30, 40, 50, 60]
    assert rows["rest"].tolist() == [[7.5], [8.5], [9.5], [10.5]]


def test_fields_by_name_reach_the_inputs_and_the_loss():
    fields = {"numbers": ["fare", "age"], "codes": ["sex", "city"], "weight": "fare"}
    inputs = taking(numbers=("float32", 2), codes=("int64", 2))
    rows = whole(recipe(inputs, train=call("Table", "t.csv", target="y", fields=fields)).load())
    assert rows["numbers"][0].tolist() == [7.5, 30] and rows["codes"].tolist() == [[1, 2], [2, 3], [1, 2], [2, 1]]
    assert rows["weight"].tolist() == [7.5, 8.5, 9.5, 10.5]


def test_targets_are_numbers_where_they_are():
    written("r.csv", "a,y,z,n\n1,0.5,1,3\n2,1.5,2,4\n")
    one = whole(recipe(taking(a="float32"), train=call("Table", "r.csv", target="y")).load())
    assert one["target"].tolist() == [0.5, 1.5] and one["target"].dtype == torch.float32
    two = whole(recipe(taking(a="float32"), train=call("Table", "r.csv", target=["y", "z"])).load())
    assert two["target"].tolist() == [[0.5, 1], [1.5, 2]]
    whole_numbers = whole(recipe(taking(a="float32"), train=call("Table", "r.csv", target="n")).load())
    assert whole_numbers["target"].tolist() == [3, 4] and whole_numbers["target"].dtype == torch.int64
    declared = whole(recipe(taking(a="float32"), train=call("Table", "r.csv", target="n", numeric=["n"])).load())
    assert declared["target"].dtype == torch.float32
    named = recipe(taking(a="float32"), train=call("Table", "r.csv", target="n", categorical=["n"])).load()
    assert whole(named)["target"].tolist() == [0, 1] and named.classes == ["3", "4"]


def test_iris_from_a_file_is_scikit_learns():
    iris = load_iris()
    lines = [
        ",".join(map(str, [*values, iris.target_names[k]])) for values, k in zip(iris.data, iris.target, strict=True)
    ]
    written("iris.csv", "\n".join(["a,b,c,d,kind", *lines]))
    rows = whole(recipe(net(4, classes=3), train=call("Table", "iris.csv", target="kind")).load())
    assert torch.equal(rows["image"], torch.from_numpy(iris.data).float())
    assert rows["target"].tolist() == iris.target.tolist()


def test_parquet_is_as_csv():
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import csv, parquet

    parquet.write_table(csv.read_csv(pyarrow.BufferReader(ROWS.encode())), "t.parquet")
    inputs = taking(v=("float32", 7))
    one, other = (
        whole(recipe(inputs, train=call("Table", f"t.{kind}", target="y")).load()) for kind in ("csv", "parquet")
    )
    assert all(torch.equal(one[name], other[name]) for name in one)


@pytest.mark.parametrize("missing, filled", [("mean", 20.0), ("median", 10.0), (-1, -1.0)])
def test_missing_numbers_are_filled_by_the_training_part_alone(missing, filled):
    written("train.csv", "a,k,y\n10,x,0\n10,z,1\n40,,0\n,x,1\n")
    written("test.csv", "a,k,y\n,x,0\n1000,new,1\n")
    source = call("Table", "train.csv", target="y", missing=missing)
    data = recipe(
        taking(a="float32", k="int64"), train=source, test=call("Table", "test.csv", target="y", missing=missing)
    )
    train, test = whole(data.load()), whole(data.load(), "test")
    assert train["a"].tolist() == [10, 10, 40, filled] and test["a"].tolist() == [filled, 1000]
    assert train["k"].tolist() == [1, 2, 0, 1] and test["k"].tolist() == [1, 0]


def test_what_is_fitted_knows_nothing_of_the_parts_cut_off():
    """A category and a number that are only in the validation part change nothing."""
    rows = [f"{number},k{number},{number % 2}" for number in range(40)]
    written("s.csv", "\n".join(["a,k,y", *rows, ",k0,0"]))
    source = call("Table", "s.csv", target="y", missing="mean")
    data = recipe(taking(a="float32", k="int64"), train=source, split=[0.5, 0.5]).load()
    train, val = whole(data), whole(data, "val")
    assert train["k"].max() <= len(data.train.indices) and (val["k"] == 0).sum() > 10
    filled = next(part for part, loader in data.parts.items() if 40 in loader.indices)
    kept = [index for index in data.train.indices.tolist() if index < 40]
    assert whole(data, filled)["a"][-1] == pytest.approx(sum(kept) / len(kept))


def test_rows_that_lack_something_may_be_skipped():
    written("s.csv", "a,k,y\n1,x,0\n,x,1\n3,,0\n4,z,\n5,z,1\n")
    source = call("Table", "s.csv", target="y", missing="skip")
    rows = whole(recipe(taking(a="float32", k="int64"), train=source).load())
    assert rows["a"].tolist() == [1, 5]


def test_tables_are_joined_before_anything_is_fitted():
    written("more.csv", "age,city,fare,sex,y\n70,Turku,1.5,f,no\n")
    both = Combined("+", (call("Table", "t.csv", target="y"), call("Table", "more.csv", target="y")))
    rows = whole(recipe(taking(city="int64"), train=both).load())
    assert rows["city"].tolist() == [2, 3, 2, 1, 4] and rows["target"].tolist() == [1, 0, 1, 0, 0]


def test_pictures_named_in_a_table_with_columns_beside(project):
    (project / "scans").mkdir()
    for number in range(4):
        PIL.Image.new("RGB", (5, 4), (number, 0, 0)).save(project / "scans" / f"{number}.png")
    written("scans/t.csv", "file,age,y\n" + "\n".join(f"{number}.png,{number}0,{number % 2}" for number in range(4)))
    inputs = taking(file=("float32", 3, 4, 5), age="float32")
    data = recipe(inputs, train=call("Table", "scans/t.csv", target="y"), split=[0.5, 0.5]).load(0, 2)
    for loader in data.parts.values():
        rows = loader.make(loader.indices, 0)
        assert (rows["file"][:, 0, 0, 0] * 255).round().tolist() == loader.indices.tolist()
        assert rows["age"].tolist() == [10 * index for index in loader.indices.tolist()]
    written("scans/t.csv", "file,age,y\n0.png,1,0\n../../x.png,2,1\n")
    table = recipe(inputs, train=call("Table", "scans/t.csv", target="y"))
    assert "out of the project" in refused(table.load, "TN0304")
    written("scans/t.csv", "file,age,y\n0.png,1,0\n9.png,2,1\n")
    assert "line 3 of `t.csv`: no file `9.png`" in refused(table.load, "TN0702")


def test_groups_stay_together_and_are_no_input():
    rows = [f"{number},p{number % 7},{number % 2}" for number in range(70)]
    written("g.csv", "\n".join(["a,patient,y", *rows]))
    source = call("Table", "g.csv", target="y")
    data = recipe(taking(v=("float32", 1)), train=source, split=[0.6, 0.2, 0.2], by="patient").load()
    groups = [{index % 7 for index in loader.indices.tolist()} for loader in data.parts.values()]
    assert sum(map(len, groups)) == 7 == len(set.union(*groups)) and all(groups)
    assert [loader.count for loader in data.parts.values()] == [40, 10, 20] or len(data.val.indices) in (10, 20)


@pytest.mark.parametrize("text, options, code, words", [
    ("", {}, "TN0702", "names no columns"),
    ("a,y\n", {}, "TN0702", "has no rows"),
    ("a,a\n1,2\n", {}, "TN0702", "names `a` twice"),
    ("a,y\n1,2\n\n1,2,3\n", {}, "TN0702", "line 4 of `b.csv` has 3 cells, the first line names 2 columns"),
    ("a,y\n1,2\n,2\n", {}, "TN0702", "line 3 of `b.csv`: `a` is empty"),
    ("a,y\n1,\n", {"missing": "mean"}, "TN0702", "line 2 of `b.csv`: `y` is empty"),
    ("a,y\n,2\n", {"missing": "skip"}, "TN0702", "every row of `b.csv` lacks something"),
    ("a,y\n1,2\nx,2\n", {"numeric": ["a"]}, "TN0702", 'line 3 of `b.csv`: `a` is "x", which is no number'),
    ("a,y\n1,2\n", {"target": "Y"}, "TN0304", "has no column `Y` | did you mean `y`?"),
    ("a,y\n1,2\n", {"columns": ["b"]}, "TN0304", "has no column `b`"),
    ("a,y\n1,2\n", {"categorical": ["b"]}, "TN0304", "has no column `b`"),
    ("a,y\n1,2\n", {"fields": {"v": ["b"]}}, "TN0304", "has no column `b`"),
    ("y\n1\n", {}, "TN0703", "has no column left for `v`"),
    ('a,y\n"1,2\n', {}, "TN0702", "is no table"),
    ("a;y\n1;2\n", {}, "TN0304", "has no column `y`"),
])  # fmt: skip
def test_wrong_tables_are_named(text, options, code, words):
    written("b.csv", text)
    source = call("Table", "b.csv", **{"target": "y", **options})
    assert words in refused(recipe(taking(v=("float32", 1)), train=source).load, code)


def test_two_inputs_that_are_no_columns():
    data = recipe(taking(v=("float32", 1), w=("float32", 1)), train=call("Table", "t.csv", target="y"))
    assert "has no columns called `v`, `w`" in refused(data.load, "TN0703")


@pytest.mark.parametrize("text, words", [
    ("city,sex,y\nOslo,f,yes\n", "lacks the column `age`"),
    ("age,city,fare,sex,y\nold,Oslo,7.5,f,yes\n", "has no numbers, as `train` has, in `age`"),
    ("age,city,fare,sex,y\n30,Oslo,7.5,f,maybe\n", "`test` has `maybe`, which `train` lacks"),
    ("age,city,fare,sex,y\n30,Oslo,7.5,f,yes\n", "`test` lacks `no` of `train`"),
])  # fmt: skip
def test_a_test_table_that_is_not_as_the_training_one(text, words):
    written("u.csv", text)
    inputs = taking(age="float32", city="int64")
    data = recipe(inputs, train=call("Table", "t.csv", target="y"), test=call("Table", "u.csv", target="y"))
    assert words in refused(data.load, "TN0703")


def test_whole_numbers_for_an_input_of_whole_numbers():
    data = recipe(taking(fare="int64"), train=call("Table", "t.csv", target="y"))
    assert "`fare` takes whole numbers" in refused(data.load, "TN0703")


def test_new_rows_become_what_they_would_have_been_in_training():
    """What is kept of it has gone through a file. Other columns, as the target, are passed over in any order."""
    inputs = taking(city="int64", v=("float32", 4))
    source = call("Table", "t.csv", target="y", missing="mean")
    data = recipe(inputs, train=source, split=[3, 1]).load()
    kept = json.loads(json.dumps(data.encoding))
    found = read_rows(Path("t.csv"), inputs.root.inputs, kept)
    for part in ("train", "val"):
        loader, rows = data.parts[part], whole(data, part)
        assert all(torch.equal(rows[name], found[name][loader.indices]) for name in found)
    written("new.csv", "sex,id,fare,city,age\nf,1,7.5,Paris,\n")
    new = read_rows(Path("new.csv"), inputs.root.inputs, kept)
    average = sum([30, 40, 50, 60][row] for row in data.parts["train"].indices.tolist()) / 3
    assert new["city"].tolist() == [0] and new["v"].tolist() == [[pytest.approx(average), 7.5, 1, 0]]


@pytest.mark.parametrize(("text", "code", "message"), [
    ("city,fare,sex\nOslo,1,f\n", "TN0703", "`new.csv` has no column `age`"),
    ("age,city,fare,sex\nold,Oslo,1,f\n", "TN0702", 'line 2 of `new.csv`: `age` is "old", which is no number'),
    ("age,city,fare,sex\n3,,1,f\n", "TN0702", "line 2 of `new.csv`: `city` is empty"),
    ("age,city,fare,sex\n", "TN0702", "`new.csv` has no rows"),
])  # fmt: skip
def test_new_rows_that_the_net_cannot_take_are_named(text, code, message):
    inputs = taking(v=("float32", 7))
    data = recipe(inputs, train=call("Table", "t.csv", target="y")).load()
    written("new.csv", text)
    assert message in refused(lambda: read_rows(Path("new.csv"), inputs.root.inputs, data.encoding), code)


def test_a_run_is_asked_about_rows_of_its_table(project, capsys):
    """Through the commands, with statistics of its own: the answers are those of the model on the same tensors."""
    spec = """
net A(v: float[N, 7]) -> float[N, 2] { Linear(2) }
data { train = Table("t.csv", target="y"); transform: { Normalize(mean="auto", std="auto") } }
train { epochs = 1; batch = 2; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1); compile = false }
"""
    written("a.tnet", spec)
    loaded = tnet.load("a.tnet")
    run = loaded.train(out="run")
    written("new.csv", "".join(line.rpartition(",")[0] + "\n" for line in ROWS.splitlines()))
    capsys.readouterr()
    assert main(["predict", "run", "new.csv", "--json"]) == 0
    answers = json.loads(capsys.readouterr().out)
    loader = loaded.data().train
    with torch.no_grad():
        expected = run.model(loader.make(loader.indices, 0)["v"])
    torch.testing.assert_close(torch.tensor([each["output"] for each in answers]), expected)
    assert [each["input"] for each in answers] == [f"new.csv[{row}]" for row in range(4)]
    written("new.csv", "age,fare\n1,2\n")
    assert main(["predict", "run", "new.csv"]) == 1 and "no column `city`" in capsys.readouterr().err
