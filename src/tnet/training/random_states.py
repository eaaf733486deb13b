"""The global random generators of Python, NumPy and torch, as a part of the state.

Nothing of tnet draws from them without seeding them first, by what the draw is for; a library may.
"""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import torch


class RandomStates:
    """Saves and restores the process's generators, those of CUDA devices too."""

    def state_dict(self) -> dict[str, Any]:
        version, words, gauss = random.getstate()
        name, keys, place, has_gauss, cached = np.random.get_state()
        return {
            "python": (version, torch.tensor(words, dtype=torch.int64), gauss),
            "numpy": (str(name), torch.from_numpy(keys.astype(np.int64)), int(place), int(has_gauss), float(cached)),
            "torch": torch.get_rng_state(),
            "cuda": torch.cuda.get_rng_state_all() if torch.cuda.is_available() else [],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        version, words, gauss = state["python"]
        random.setstate((version, tuple(words.tolist()), gauss))
        name, keys, *rest = state["numpy"]
        np.random.set_state((name, keys.numpy().astype(np.uint32), *rest))
        torch.set_rng_state(state["torch"])
        for number, generator in enumerate(state["cuda"][: torch.cuda.device_count()]):
            torch.cuda.set_rng_state(generator, number)
