"""M16, T22: `use` of the user's own Python, allowed and not."""

from __future__ import annotations

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

import tnet
from tests.codegen.programs import assert_same
from tnet.diagnostics import SpecError

torch.set_num_threads(1)

LAYERS = '''
import torch
from torch import nn


class Scaled(nn.Module):
    """Its size comes from the input, as that of a library layer."""

    def __init__(self, in_features, factor=1.0):
        super().__init__()
        self.weight = nn.Parameter(torch.rand(in_features))
        self.factor = factor

    def forward(self, x):
        return x * self.weight * self.factor


class Settled(nn.Module):
    """A loop whose end depends on data, which runs under no fake tensor."""

    def __init__(self, num_features):
        super().__init__()
        self.linear = nn.Linear(num_features, num_features)

    def forward(self, x):
        state = torch.zeros_like(x)
        for _ in range(100):
            moved = torch.tanh(0.1 * self.linear(state) + x)
            if (moved - state).abs().max().item() < 1e-4:
                break
            state = moved
        return moved, moved[:, 1:]


class Table(nn.Module):
    """Cannot be built on the meta device."""

    def __init__(self, num_features):
        super().__init__()
        self.scale = float(torch.arange(num_features).sum().item())
        self.register_buffer("table", torch.linspace(0, 1, num_features))

    def forward(self, x):
        return x + self.scale * self.table


def halves(x, training, ratio=0.5):
    return x * ratio, x * (1 - ratio)


def distance(prediction, target, power=2):
    return (prediction - target).abs().pow(power).mean()


def number(x):
    return x.sum().item()


LIMIT = 3
'''

SPEC = """
use {name}.layers: Scaled, Settled as Rest, Table, halves

net Own(v: float[N, 6]) -> float[N, 3] {
  Scaled(factor=2.0)
  x, short = x -> rest: Rest
  Table
  a, b = halves(x, true, ratio=0.25)
  x = a + 2 * b
  Linear(3)
}
"""


@pytest.fixture
def package(tmp_path, monkeypatch):
    """A package in a project, by a name of its own; what it does to Python is undone."""
    name = f"own_{tmp_path.name.replace('-', '_')}"
    (tmp_path / name).mkdir()
    (tmp_path / name / "__init__.py").touch()
    (tmp_path / name / "layers.py").write_text(LAYERS)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "configuration"))
    before = list(sys.path)
    yield name
    sys.path[:] = before
    for module in [each for each in sys.modules if each.partition(".")[0] == name]:
        del sys.modules[module]


def spec(tmp_path, package, text=SPEC, allow=True, **options):
    file = tmp_path / "own.tnet"
    file.write_text(text.replace("{name}", package))
    return tnet.load(file, allow=[package] if allow else (), **options)


def refusal(tmp_path, package, text, **options):
    with pytest.raises(SpecError) as raised:
        spec(tmp_path, package, text, **options)
    return raised.value.diagnostics[0]


# ---- layers and functions --------------------------------------------------------------------------------------------


def test_layers_and_functions_are_as_by_hand(tmp_path, package):
    """M16, T22: outputs and gradients equal to the bit, also of a loop whose end depends on data."""
    built = spec(tmp_path, package).model()
    own = sys.modules[f"{package}.layers"]

    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.scaled = own.Scaled(6, factor=2.0)
            self.rest = own.Settled(6)
            self.table = own.Table(6)
            self.linear = nn.Linear(6, 3)

        def forward(self, v):
            a, b = own.halves(self.table(self.rest(self.scaled(v))[0]), True, ratio=0.25)
            return self.linear(a + 2 * b)

    theirs = Own()
    theirs.load_state_dict(built.state_dict())
    assert_same([passed(built)], [passed(theirs)])


def passed(module: nn.Module) -> list[torch.Tensor]:
    inputs = torch.randn(5, 6, generator=torch.Generator().manual_seed(0), requires_grad=True)
    output = module(inputs)
    output.sin().sum().backward()
    return [output.detach(), inputs.grad, *(each.grad for each in module.parameters())]


def test_shapes_stay_symbolic_where_code_runs_on_the_cpu(tmp_path, package):
    net = spec(tmp_path, package).net
    (rest,) = (node for node in net.root.nodes if node.target == "rest")
    assert [str(value.type) for value in rest.result] == ["float32[N, 6]", "float32[N, 5]"]
    assert net.conditions == ()


def test_the_source_imports_what_is_used(tmp_path, package):
    text = spec(tmp_path, package).source()
    assert f"from {package}.layers import Scaled, Settled, Table, halves" in text and "tnet" not in text
    assert "self.scaled = Scaled(6, factor=2.0)" in text


def test_copies_and_pickles(tmp_path, package):
    built = spec(tmp_path, package).model()
    for other in (copy.deepcopy(built), pickle.loads(pickle.dumps(built))):
        other.zero_grad()
        assert_same([passed(copy.deepcopy(built))], [passed(other)])


def test_a_pickle_loads_in_another_process(tmp_path, package):
    """Where the package can be imported, as for any pickled module."""
    (tmp_path / "model.pickle").write_bytes(pickle.dumps(spec(tmp_path, package).model()))
    code = "import pickle, torch; print(pickle.load(open('model.pickle', 'rb'))(torch.zeros(2, 6)).shape)"
    path = os.pathsep.join([str(Path(tnet.__file__).parents[1]), str(tmp_path)])
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env={**os.environ, "PYTHONPATH": path},
                          capture_output=True, text=True)  # fmt: skip
    assert done.stdout.strip() == "torch.Size([2, 3])", done.stderr


def test_rules_know_the_classes(tmp_path, package):
    built = spec(tmp_path, package, SPEC + "parameters { Rest.linear.bias { init = constant(3.0) } }").model()
    assert (built.rest.linear.bias == 3).all()


def test_the_import_hook_asks_too(tmp_path, package, monkeypatch):
    import tnet.importer
    from tnet.interop import import_hook

    monkeypatch.setattr(import_hook, "ALLOWED", [])
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / f"{package}_spec.tnet").write_text(SPEC.replace("{name}", package))
    module = __import__(f"{package}_spec")
    with pytest.raises(SpecError, match="TN0505"):
        module.Own()
    tnet.importer.allow(package)
    assert module.Own()(torch.zeros(2, 6)).shape == (2, 3)


TRAINED = """
use {name}.layers: Scaled, distance

net Line(x: float[N, 3]) -> float[N, 2] { Scaled; Linear(2) }
data { train = Tensors("points.npz"); split = [0.6, 0.2, 0.2] }
train { epochs = 1; batch = 8; loss = LOSS; optimizer = SGD(lr=0.5); compile = false }
"""


@pytest.mark.parametrize("loss", ["distance", "distance(power=1)", "2.0 * distance(output, target, power=1)"])
def test_losses_train_and_runs_ask_again(tmp_path, package, loss, monkeypatch):
    from tnet.training import evaluate_run

    monkeypatch.chdir(tmp_path)
    x = np.random.default_rng(0).standard_normal((40, 3)).astype("float32")
    np.savez(tmp_path / "points.npz", x=x, target=x[:, :2])
    run = spec(tmp_path, package, TRAINED.replace("LOSS", loss)).train(out=tmp_path / "run")
    assert run.about["allow"] == [package]
    with pytest.raises(SpecError, match="TN0505"):
        evaluate_run(run.path)
    assert evaluate_run(run.path, allow=[package])["test.loss"] == run.metrics["test.loss"]


# ---- what is wrong with it -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "code", "marked", "message"),
    [
        ("use {name}.layers: Scald", "TN0201", "Scald", "has no `Scald`"),
        ("use {name}.layers: LIMIT", "TN0206", "LIMIT", "is `3`, no class or function"),
        ("use {name}.other: Scaled", "TN0506", "{name}.other", "there is no Python module"),
        ("use {name}.layers: number\nnet A(v: float[N]) { number }", "TN0303", "number", "gives more than tensors"),
        ("use {name}.layers: Scaled\nnet A(v: float[N, 3]) { Scaled(factr=2) }", "TN0301", "factr", "no argument"),
        ("use {name}.layers: distance\nnet A(v: float[N, 3]) { y = distance(v) }", "TN0401", "distance(v)", "needs"),
    ],
)  # fmt: skip
def test_faults(tmp_path, package, text, code, marked, message):
    found = refusal(tmp_path, package, text)
    assert (found.code, found.span.text) == (code, marked.replace("{name}", package)) and message in found.message


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("x = 1\nraise SystemExit(3)", "at broken.py:2: SystemExit: 3"),
        ("def f(:\n", "at broken.py:1: SyntaxError"),
        ("import nowhere_at_all", "at broken.py:1: ModuleNotFoundError: No module named 'nowhere_at_all'"),
    ],
)
def test_a_module_that_fails_is_named_with_its_line(tmp_path, package, content, message):
    (tmp_path / package / "broken.py").write_text(content)
    found = refusal(tmp_path, package, "use {name}.broken: X")
    assert found.code == "TN0506" and message in found.message


def test_a_module_of_another_project_is_not_taken_for_it(tmp_path, package):
    """Two folders may have modules of one name; Python has one of each."""
    spec(tmp_path, package)
    other = tmp_path / "other"
    (other / package).mkdir(parents=True)
    (other / "pyproject.toml").touch()
    (other / package / "__init__.py").touch()
    (other / package / "layers.py").write_text(LAYERS)
    found = refusal(other, package, SPEC)
    assert found.code == "TN0506" and "is imported already" in found.message


# ---- permission ------------------------------------------------------------------------------------------------------


def trap(tmp_path, package) -> Path:
    """Code that leaves a trace when it is imported."""
    (tmp_path / package / "__init__.py").write_text("import pathlib\npathlib.Path(__file__).with_name('ran').touch()")
    return tmp_path / package / "ran"


@pytest.mark.parametrize("allow", [(), ["other"], ["own"], ["{name}.other"], ["{name}x"]])
def test_without_permission_nothing_is_imported(tmp_path, package, allow):
    (tmp_path / "pyproject.toml").write_text("[tool.tnet]\nallow = ['*']\ntrust = true\n")
    trace = trap(tmp_path, package)
    file = tmp_path / "own.tnet"
    file.write_text(SPEC.replace("{name}", package))
    with pytest.raises(SpecError) as raised:
        tnet.load(file, allow=[each.replace("{name}", package) for each in allow])
    (found,) = raised.value.diagnostics
    assert (found.code, found.span.text) == ("TN0505", f"{package}.layers")
    assert f"--allow {package}" in found.help and f"tnet trust {tmp_path}" in found.help
    assert not trace.exists() and package not in sys.modules


def test_the_users_configuration_allows(tmp_path, package):
    trace, folder = trap(tmp_path, package), tmp_path / "configuration" / "tnet"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(f"allow: [{package}]\n")
    spec(tmp_path, package, allow=False)
    assert trace.exists()


@pytest.mark.parametrize("text", ["allow: yes", "[]: [", "- a", "allow: [1]"])
def test_a_broken_configuration_is_named(tmp_path, package, text):
    folder = tmp_path / "configuration" / "tnet"
    folder.mkdir(parents=True)
    (folder / "config.yaml").write_text(text)
    found = refusal(tmp_path, package, SPEC, allow=False)
    assert found.code == "TN0902" and "config.yaml` is damaged" in found.message


def test_a_trusted_folder_allows_its_own_code_only(tmp_path, package):
    from tnet.trust import distrust, trust

    assert trust(tmp_path) and not trust(tmp_path)
    spec(tmp_path, package, allow=False)
    outside = refusal(tmp_path, package, "use json.decoder: JSONDecoder", allow=False)
    assert outside.code == "TN0505" and "tnet trust" not in outside.help
    assert distrust(tmp_path) and not distrust(tmp_path)
    assert refusal(tmp_path, package, SPEC, allow=False).code == "TN0505"


def test_trust_is_for_specs_that_are_in_the_folder(tmp_path, package):
    """A link out of it, and the copy in a run's folder elsewhere that says it came from there, are not."""
    from tnet.spec import Spec
    from tnet.trust import trust

    project = tmp_path / "project"
    project.mkdir()
    (tmp_path / package).rename(project / package)
    trust(project)
    file = project / "own.tnet"
    file.write_text(SPEC.replace("{name}", package))
    elsewhere = Spec(tnet.Source("run/spec.tnet", file.read_text(), file), read_from=tmp_path / "run")
    assert [each.code for each in elsewhere.check()] == ["TN0505"]
    outside = tmp_path / "outside.tnet"
    file.rename(outside)
    file.symlink_to(outside)
    assert refusal_of(file).code == "TN0505"


def refusal_of(file):
    with pytest.raises(SpecError) as raised:
        tnet.load(file)
    return raised.value.diagnostics[0]
