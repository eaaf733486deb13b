"""Peak memory of a forward without gradients, against what a careful person writes."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import pytest
import torch
import torch.nn.functional as F
from torch.utils._python_dispatch import TorchDispatchMode

from tests.codegen.programs import model, net


class Peak(TorchDispatchMode):
    """Counts the bytes of the storages that operators make, as long as each lives."""

    def __init__(self, known: list[torch.Tensor]):
        super().__init__()
        self.live = 0
        self.peak = 0
        self.seen = {each.untyped_storage()._cdata for each in known}

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        for tensor in result if isinstance(result, (tuple, list)) else [result]:
            if isinstance(tensor, torch.Tensor):
                self.note(tensor.untyped_storage())
        return result

    def note(self, storage: torch.UntypedStorage) -> None:
        if storage._cdata in self.seen:
            return
        self.seen.add(storage._cdata)
        self.live += storage.nbytes()
        self.peak = max(self.peak, self.live)
        weakref.finalize(storage, self.drop, storage._cdata, storage.nbytes())

    def drop(self, key: int, size: int) -> None:
        self.seen.discard(key)
        self.live -= size


def peak(forward: Callable, model: torch.nn.Module, *inputs: torch.Tensor) -> int:
    with torch.no_grad(), Peak([*model.parameters(), *model.buffers(), *inputs]) as counted:
        forward(*inputs)
    return counted.peak


def unet(m, image):
    first = m.down0(image)
    second = m.down1(F.max_pool2d(first, 2))
    x = m.middle(F.max_pool2d(second, 2))
    x = torch.cat([second, m.up0(x)], dim=1)
    del second
    x = m.fuse0(x)
    x = torch.cat([first, m.up1(x)], dim=1)
    del first
    return m.head(m.fuse1(x))


UNET = """
net Net(image: float[N, 3, 32, 32]) {
  skips = []
  for i, c in enumerate([8, 16]) {
    "down{i}": { Conv2d(c, 3, padding=1); ReLU }
    skips += [x]
    max_pool2d(2)
  }
  middle: { Conv2d(32, 3, padding=1); ReLU }
  for i, c in enumerate([16, 8]) {
    "up{i}": ConvTranspose2d(c, 2, stride=2)
    x = cat([skips[1 - i], x], dim=1)
    "fuse{i}": { Conv2d(c, 3, padding=1); ReLU }
  }
  head: Conv2d(64, 1)
}
"""


def inception(m, image):
    x = m.stem(image)
    one = F.relu(m.one(x))
    two = F.relu(m.two(F.relu(m.small(x))))
    x = F.relu(m.pooled(F.max_pool2d(x, 3, 1, 1)))
    x = torch.cat([one, two, x], dim=1)
    del one, two
    return m.head(m.mix(x))


INCEPTION = """
net Net(image: float[N, 3, 32, 32]) {
  stem: Conv2d(16, 3, padding=1)
  one = x -> one: Conv2d(16, 1) -> relu
  two = x -> small: Conv2d(8, 1) -> relu -> two: Conv2d(16, 3, padding=1) -> relu
  pool = x -> max_pool2d(3, stride=1, padding=1) -> pooled: Conv2d(16, 1) -> relu
  x = cat([one, two, pool], dim=1)
  mix: Conv2d(48, 1)
  head: Conv2d(8, 1)
}
"""


class Layer(torch.nn.Module):
    def __init__(self, theirs: torch.nn.Module):
        super().__init__()
        self.theirs = theirs

    def forward(self, x):
        m = self.theirs
        N, T, C = x.shape
        q, k, v = m.qkv(m.norm1(x)).view(N, T, 3, 2, C // 2).permute(2, 0, 3, 1, 4).unbind(0)
        y = F.scaled_dot_product_attention(q, k, v)
        del q, k, v
        x = x + m.proj(y.transpose(1, 2).reshape(N, T, C))
        del y
        return x + m.fc2(F.gelu(m.fc1(m.norm2(x))))


def transformer(m, x):
    x = torch.nn.Sequential(*map(Layer, m.layers))(x)
    return m.head(x)


TRANSFORMER = """
net Net(tokens: float[N, 16, 32]) {
  layers: repeat 2 {
    B, T, C = x.shape
    q, k, v = (x -> norm1: LayerNorm -> qkv: Linear(3 * C)).view(B, T, 3, 2, C // 2).permute(2, 0, 3, 1, 4).unbind(0)
    y = scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(B, T, C)
    x += y -> proj: Linear(C)
    x += x -> norm2: LayerNorm -> fc1: Linear(4 * C) -> gelu -> fc2: Linear(C)
  }
  head: Linear(64)
}
"""


def kept(m, v):
    y = F.relu(m.wide(v))
    x = m.narrow(y)
    x = x * y.mean()
    del y
    return m.last(m.grow(x))


KEPT = """
net Net(v: float[N, 64]) {
  wide: Linear(4096)
  y = relu(x)
  x = y -> narrow: Linear(32)
  x = x * y.mean()
  grow: Linear(2048)
  last: Linear(2048)
}
"""


@pytest.mark.parametrize(
    ("text", "forward", "shape"),
    [
        (UNET, unet, (2, 3, 32, 32)),
        (INCEPTION, inception, (2, 3, 32, 32)),
        (TRANSFORMER, transformer, (2, 16, 32)),
        (KEPT, kept, (8, 64)),
    ],
    ids=["unet", "inception", "transformer", "kept"],
)
def test_peak_is_no_higher_than_by_hand(text, forward, shape):
    """R15: intermediates that are no longer needed are freed."""
    built = model(net(text)).eval()
    x = torch.randn(shape)
    assert torch.equal(built(x), forward(built, x))
    by_hand = peak(lambda x: forward(built, x), built, x)
    assert 0 < peak(built, built, x) <= by_hand


def test_the_measure_sees_what_is_kept():
    built = model(net(KEPT))
    x = torch.randn(8, 64)

    def careless(x):
        y = F.relu(built.wide(x))
        z = built.grow(built.narrow(y) * y.mean())
        return built.last(z) + y.sum()

    assert peak(careless, built, x) > peak(built, built, x)
