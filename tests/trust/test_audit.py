"""Commands that look at a spec open nothing outside its project and start nothing, as Python's audit hook sees it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tnet.data.statistics import cache_folder

ROOT = Path(__file__).parents[2]
GALLERY = sorted((ROOT / "specs").glob("*.tnet"))
QUICK = {"digits", "distillation", "dynamic", "finetune", "gan", "lenet", "lstm", "mlp"}

COMMANDS = (["check"], ["fmt", "--check"], ["build", "-o", "model.py"], ["build", "-o", "graph.dot"], ["summary"],
            ["plan"], ["why", "*"])  # fmt: skip
DRAWN = ["build", "-o", "graph.svg"]

NET = "net A(v: float[N, 8]) -> float[N, 2] { Linear(2) }\n"
TRAIN = "epochs = 1; batch = 2; loss = CrossEntropyLoss(); optimizer = SGD(lr=0.1)"
TRAINED = NET + f"train {{ {TRAIN} }}\n"
IMAGES = NET.replace("v: float[N, 8]", "image: float[N, 3, 8, 8]").replace("{ ", "{ Flatten; ")

HOSTILE = {
    "use": "use evil: Thing\nnet A(v: float[N, 8]) { Thing }\n",
    "use of a package of Python": "use os: system\nnet A(v: float[N, 8]) { system }\n",
    "from above": 'from "../outside/b.tnet" import B\nnet A(v: float[N, 8]) { B }\n',
    "from a link": 'from "link.tnet" import B\nnet A(v: float[N, 8]) { B }\n',
    "weights from above": NET + f'train {{ {TRAIN}; weights = "../outside/w.safetensors" }}\n',
    "weights from an address": NET + f'train {{ {TRAIN}; weights = "https://example.com/w.safetensors" }}\n',
    "values from above": TRAINED + 'parameters { * { init = file("../outside/w.safetensors", "w") } }\n',
    "a teacher from above": NET + f'train {{ {TRAIN}; distill = Distill("../outside/b.tnet") }}\n',
    "a folder above": IMAGES + f'data {{ train = ImageFolder("../outside/photos") }}\ntrain {{ {TRAIN} }}\n',
    "a folder at an address": IMAGES + f'data {{ train = ImageFolder("https://example.com") }}\ntrain {{ {TRAIN} }}\n',
    "a text of the system": NET + f'data {{ train = Text("/etc/passwd", block=8) }}\ntrain {{ {TRAIN} }}\n',
    "a download": IMAGES + f'data {{ train = CIFAR10("data", download=true) }}\ntrain {{ {TRAIN} }}\n',
    "weights of a library": 'net A(image: float[N, 3, 64, 64]) { models.resnet18(weights="DEFAULT") }\n',
    "a name that is a path": 'net A(v: float[N, 8]) { "../../up": Linear(2) }\n',
}

FORBIDDEN = {
    "open": "open('../outside/b.tnet').read()",
    "open through a link": "open('link.tnet')",
    "os.listdir": "import os; os.listdir('../outside')",
    "os.mkdir": "import os; os.mkdir('../outside/new')",
    "socket.": "import socket; socket.socket()",
    "subprocess.Popen": "import subprocess, sys; subprocess.run([sys.executable, '-c', ''])",
    "os.system": "import os; os.system('true')",
    "pickle.find_class": "import pickle; pickle.loads(pickle.dumps(print))",
}
"""By the event that the hook must catch, code that brings it about."""


@pytest.fixture
def audited(tmp_path):
    """Runs jobs in a project beside which there are things to reach; gives (exit code, printed, violations) of each."""
    project, outside = tmp_path / "project", tmp_path / "outside"
    (outside / "photos" / "a").mkdir(parents=True)
    (outside / "b.tnet").write_text("block B { Linear(2) }\n" + NET)
    (outside / "w.safetensors").write_bytes(b"")
    project.mkdir()
    (project / "pyproject.toml").touch()
    (project / "link.tnet").symlink_to(outside / "b.tnet")
    (project / "evil.py").write_text("open('ran', 'w')\nclass Thing: ...\n")

    def run(jobs):
        writable = [str(project), str(cache_folder().parent)]
        about = {"readable": [str(project), str(tmp_path / "user")], "writable": writable, "jobs": jobs}
        (tmp_path / "jobs.json").write_text(json.dumps(about))
        environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "PYTHONDONTWRITEBYTECODE": "1"}
        environment |= {"HOME": str(tmp_path / "home"), "XDG_CACHE_HOME": str(cache_folder().parents[1]),
                        "XDG_CONFIG_HOME": str(tmp_path / "user")}  # fmt: skip
        command = [sys.executable, Path(__file__).with_name("audit.py"), tmp_path / "jobs.json"]
        done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr[-3000:]
        return json.loads(done.stdout.splitlines()[-1])

    run.project = project
    return run


def jobs_of(path: str, *commands: list[str]) -> list[list[str]]:
    return [[name, path, *rest] for name, *rest in commands]


def assert_nothing_touched(jobs, results):
    violations = {" ".join(job): found for job, (_, _, found) in zip(jobs, results, strict=True) if found}
    assert violations == {}


@pytest.mark.parametrize(
    "specs",
    [
        pytest.param([each for each in GALLERY if each.stem in QUICK], id="small"),
        pytest.param([each for each in GALLERY if each.stem not in QUICK], id="large", marks=pytest.mark.slow),
    ],
)
def test_the_gallery_stays_in_its_project(audited, specs):
    """graphviz-pure is the one program that drawing starts."""
    for each in specs:
        shutil.copy(each, audited.project)
    jobs = [job for each in specs for job in jobs_of(each.name, *COMMANDS)] + jobs_of(specs[0].name, DRAWN)
    results = audited(jobs)
    assert_nothing_touched(jobs, results)
    assert all(code == 0 or "error[TN0" in printed for code, printed, _ in results)
    assert results[-1][0] == 0 and sum(code == 0 for code, _, _ in results) > len(results) * 0.8


def test_hostile_specs_stay_in_their_project_and_the_hook_can_fail(audited):
    jobs = []
    for number, text in enumerate(HOSTILE.values()):
        (audited.project / f"h{number}.tnet").write_text(text)
        jobs += jobs_of(f"h{number}.tnet", *COMMANDS)
    trials = [[f"!{code}"] for code in FORBIDDEN.values()]
    results = audited([*jobs, ["!import sys; assert 'evil' not in sys.modules"], *trials, ["!open('evil.py')"]])
    hostile, caught = results[: len(jobs)], results[len(jobs) + 1 : -1]
    assert_nothing_touched(jobs, hostile)
    assert all(code in (0, 1, 2, 4) and "Traceback" not in printed for code, printed, _ in hostile)
    assert all("TN0002" not in printed for _, printed, _ in hostile)
    assert not (audited.project / "ran").exists()
    for event, (_, _, found) in zip(FORBIDDEN, caught, strict=True):
        assert any(each[0].startswith(event.partition(" ")[0]) for each in found), event
    assert not results[-1][2]
