"""Random streams: one for each name, derived from the seed, independent of each other and of torch's global state."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager

import torch


def stream_key(seed: int, name: str) -> int:
    """The seed of the stream of `name`: the first 8 bytes of sha256 of `seed:name`, as a big-endian integer."""
    return int.from_bytes(hashlib.sha256(f"{seed}:{name}".encode()).digest()[:8], "big")


def generator(seed: int, name: str) -> torch.Generator:
    """A generator at the start of the stream of `name`."""
    return torch.Generator().manual_seed(stream_key(seed, name))


@contextmanager
def global_stream(seed: int, name: str) -> Iterator[None]:
    """Draws without a generator of their own come from the stream of `name`; the global CPU state is put back after."""
    state = torch.default_generator.get_state()
    torch.default_generator.manual_seed(stream_key(seed, name))
    try:
        yield
    finally:
        torch.default_generator.set_state(state)
