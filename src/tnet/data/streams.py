"""Random streams keyed by what they are for, never by the order of calls or the worker that draws.

`uniform` is a counter-based generator: each draw is a hash of (key, sample, number of the draw), so a batch is drawn
at once and a sample gets the same numbers in any batch. The hash is SplitMix64's finaliser
(Steele, Lea, Flood: Fast splittable pseudorandom number generators, OOPSLA 2014).
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def key(seed: int, purpose: str, *numbers: int) -> int:
    """A 63-bit seed for one stream; equal arguments give equal streams."""
    text = "/".join([str(seed), purpose, *map(str, numbers)])
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little") >> 1


def uniform(stream: int, samples: np.ndarray, count: int) -> np.ndarray:
    """`count` numbers in [0, 1) for each sample, as float64 of shape [len(samples), count]."""
    with np.errstate(over="ignore"):
        lanes = _mix(np.uint64(stream) + samples.astype(np.uint64) * _GOLDEN)
        draws = np.arange(1, count + 1, dtype=np.uint64) * _GOLDEN
        bits = _mix(lanes[:, None] + draws)
    return (bits >> np.uint64(11)) * 2.0**-53


def permutation(stream: int, count: int) -> torch.Tensor:
    """The numbers below `count` in random order, int64."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(stream))


def _mix(bits: np.ndarray) -> np.ndarray:
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
