"""What is kept for run time against PyTorch by hand, and what is refused in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
import torch.nn.functional as F
from torch import nn

import tnet
from tnet.compiler import compile_spec
from tnet.source import Source

PIECES = Path(__file__).parent.parent.parent / "specs" / "pieces.tnet"


class Dynamic(nn.Module):
    """Depth drawn anew at each pass, as in the tutorials of PyTorch."""

    def __init__(self):
        super().__init__()
        self.input_linear = nn.Linear(1000, 100)
        self.middle_linear = nn.Linear(100, 100)
        self.output_linear = nn.Linear(100, 10)

    def forward(self, v):
        v = F.relu(self.input_linear(v))
        for _ in range(torch.randint(0, 4, ()).item()):
            v = F.relu(self.middle_linear(v))
        return self.output_linear(v)


class Centre(nn.Module):
    def __init__(self):
        super().__init__()
        self.register_buffer("mean", torch.zeros(4))

    def forward(self, x):
        if self.training:
            with torch.no_grad():
                self.mean += 0.1 * (x.mean(dim=0).detach() - self.mean)
        return x - self.mean


class Centred(nn.Module):
    def __init__(self):
        super().__init__()
        self.linear = nn.Linear(6, 4)
        self.centre = Centre()

    def forward(self, v):
        return self.centre(self.linear(v))


class Dropped(nn.Module):
    """A residual block left out for some samples, the rest scaled up (Huang et al. 2016)."""

    def __init__(self):
        super().__init__()
        self.f = nn.Linear(6, 6)

    def forward(self, v):
        y = self.f(v)
        if self.training:
            y = y * ((torch.rand(v.shape[0], 1) >= 0.5).float() / 0.5)
        return v + y


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.cell = nn.Linear(7, 4)

    def forward(self, v, h):
        first = self.cell(torch.cat([v[:, 0], h], dim=1))
        for t in range(v.shape[1]):
            h = torch.tanh(self.cell(torch.cat([v[:, t], h], dim=1)))
        return h, first


CENTRED = PIECES.read_text() + "\nnet Centred(v: float[N, 6]) { linear: Linear(4); centre: Centre }"
DROPPED = """
block Drop(p) {
  y = x -> f: Linear(x.shape[-1])
  if training { keep = (rand(x.shape[0], 1) >= p).float() / (1 - p); y = y * keep }
  x = x + y
}
net Dropped(v: float[N, 6]) {
  y = x -> f: Linear(6)
  if training { y = y * ((rand(x.shape[0], 1) >= 0.5).float() / 0.5) }
  x = x + y
}
"""
RECURRENT = """
net Recurrent(v: float[N, T=5, 3], h: float[N, 4]) {
  first = cat([v[:, 0], h], dim=1) -> cell: Linear(4)
  for t in range(T) { h = cat([v[:, t], h], dim=1) -> cell -> tanh }
  return h, first
}
"""
BY_HAND = [
    (PIECES.read_text(), Dynamic, [(3, 1000)]),
    (CENTRED, Centred, [(5, 6)]),
    (DROPPED, Dropped, [(8, 6)]),
    (RECURRENT, Recurrent, [(2, 7, 3), (2, 4)]),
]


@pytest.mark.parametrize(("text", "cls", "shapes"), BY_HAND, ids=lambda each: getattr(each, "__name__", ""))
def test_is_the_module_by_hand(text, cls, shapes):
    """M7: a moving average in a buffer; M13: random depth; stochastic depth; a loop over the steps of a sequence."""
    ours = tnet.Spec(Source("spec", text)).model(cls.__name__)
    theirs = cls()
    assert list(ours.state_dict()) == list(theirs.state_dict())
    theirs.load_state_dict(ours.state_dict())
    optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in (ours, theirs)]
    for step in range(6):
        found = []
        for model, optimizer in zip((ours, theirs), optimizers, strict=True):
            torch.manual_seed(step)
            model.train(step < 4)
            outputs = model(*(torch.randn(shape) for shape in shapes))
            outputs = outputs if isinstance(outputs, tuple) else (outputs,)
            optimizer.zero_grad()
            sum(each.sin().sum() for each in outputs).backward()
            gradients = [torch.zeros(()) if p.grad is None else p.grad for p in model.parameters()]
            found.append([*outputs, *(each.clone() for each in (*gradients, *model.buffers()))])
            optimizer.step()
        assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def net_of(text):
    compilation = compile_spec(Source("spec", text))
    assert compilation.ok, compilation.diagnostics
    return compilation.program.net()


def test_a_random_repeat_is_marked():
    """M13"""
    (repeat,) = net_of("net A(v: float[N, 4]) { repeat randint(2) shared { Linear(4) } }").random_repeats
    assert repeat.span.text.startswith("repeat randint(2)")
    inner = "block B { m: repeat randint(1, 3) shared { Linear(4) } }\nnet A(v: float[N, 4]) { B; B }"
    assert len(net_of(inner).random_repeats) == 1
    assert net_of("net A(v: float[N, 4]) { if training { dropout } }").random_repeats == ()


def test_layers_of_both_branches_are_built():
    spec = tnet.loads("net A(v: float[N, 4]) { if training { a: Linear(4) } else { b: Linear(4); b } }")
    assert list(spec.model().state_dict()) == ["a.weight", "a.bias", "b.weight", "b.bias"]


def test_what_was_read_of_a_buffer_stays():
    """M7: a name never changes, though the buffer does in place."""
    body = "buffer n: float[2] = zeros; old = n; n += 1; y = x * n; n *= 3; return y, old, n"
    model = tnet.loads(f"net A(v: float[N, 2]) {{ {body} }}").model()
    v = torch.ones(1, 2, requires_grad=True)
    first = model(v)
    y, old, n = model(v)
    y.sum().backward()
    assert (first[1].tolist(), first[2].tolist()) == ([0, 0], [3, 3])
    assert (y.tolist(), old.tolist(), n.tolist(), v.grad.tolist()) == ([[4, 4]], [3, 3], [12, 12], [[4, 4]])


@pytest.mark.parametrize("training", [True, False])
def test_conditions_of_the_mode(training):
    text = """
    net A(v: float[N]) {
      p = 0.5 if training else 2.0
      y = x * (1 - p)
      if not training and p == p { y = y + 1 } else if training or false { y = y + 10 }
      if true or training { y = y * 2 }
      return y, x if not training else -x, dropout(x, 0.0, training=training)
    }
    """
    model = tnet.loads(text).model().train(training)
    y, z, _ = model(torch.ones(1))
    assert (y.item(), z.item()) == ((21.0, -1.0) if training else (0.0, 1.0))


FULL = [
    "if training { dropout; y = x } else { y = 2 * x }; x = x + y",
    "buffer m: float[4] = zeros; m += x.detach().mean(dim=0); x = x * m",
    "x = x * (0.5 if training else 1.0)",
]


@pytest.mark.parametrize("body", FULL)
@pytest.mark.parametrize("training", [True, False])
def test_is_a_full_graph(body, training):
    model = tnet.loads(f"net A(v: float[N, 4]) {{ {body} }}").model().train(training)
    compiled = torch.compile(model, fullgraph=True, backend="eager")
    assert compiled(torch.ones(2, 4)).shape == (2, 4)


REFUSED = [
    ("if training { x = x[:, :2] }", "TN0406", "`x` is `float32[N, 2]` in training and `float32[N, 4]` else"),
    ("if training { y = x } else { y = x.long() }; x = y + 1", "TN0406", "`y` is `float32[N, 4]` in training and"),
    ("if training { y = x }; x = y", "TN0201", "`y` has no value here: it is assigned only in training"),
    ("if training { return x }", "TN0501", "no `return` in code kept for run time"),
    ("if x.sum() > 0 { x = -x }", "TN0405", "a condition on a tensor cannot choose code"),
    ("x = x if x.sum() > 0 else -x", "TN0405", "a condition on a tensor cannot choose code"),
    ("x = x if training else 0.0", "TN0406", "this is `float32[N, 4]` in training and `0.0` else"),
    ("x = x.narrow(1, 0, 2 if training else 3)", "TN0406", "depends on what is known only when the model runs"),
    ("Dropout(0.5 if training else 0.1)", "TN0303", "must be known before the model runs"),
    ("repeat randint(0, 4) { Linear(4) }", "TN0303", "copies cannot be built a random number of times"),
    ("repeat randint(0, 4) shared as i { Linear(4) }", "TN0303", "the round of a random repeat is not known"),
    ("repeat randint(4, 4) shared { Linear(4) }", "TN0303", "a random repeat needs two integers"),
    ("repeat randint(0, 4) shared { Linear(5) }", "TN0406", "`x` is `float32[N, 4]` before the first round and"),
    ("repeat randint(0, 4) shared { y = x }; x = y", "TN0201", "`y` has no value here: it is assigned in a loop"),
    ("for t in range(N) { Linear(4) }", "TN0501", "a layer in a `for` kept for run time was named before it"),
    ("for t in range(N) { y = x[:t] }", "TN0406", "depends on what is known only when the model runs"),
    ("for t in range(N) { if t == 0 { x = -x } }", "TN0405", "the round of a loop kept for run time is known only"),
    ("y = 1; for t in range(N) { y = y + 1 }", "TN0406", "`y` is `1` before the first round and"),
    ("for t in range(N) { x = x + t }; x = x + t", "TN0201", "`t` has no value here"),
    ("buffer m: float[4] = zeros; m = x.sum(dim=0).long()", "TN0303", "cannot become `int64[4]`"),
    ("buffer m: float[4] = zeros; m += x", "TN0401", "`m` does not fit its input"),
]


@pytest.mark.parametrize(("body", "code", "message"), REFUSED, ids=[body for body, *_ in REFUSED])
def test_refused(body, code, message):
    (fault,) = compile_spec(Source("spec", f"net A(v: float[N, 4]) {{ {body} }}")).diagnostics
    assert fault.code == code and message in fault.message
