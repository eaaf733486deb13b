"""What a sitting needs before its first step, done once in the process that all sittings are forked from: libraries
are loaded and caches filled. No gradient is computed, after which torch refuses to be forked."""

import torch
from kills import TEXT
from small_specs import spec

from tnet.training.parts import assemble

torch.set_num_threads(1)
assemble(spec(TEXT), None, print).evaluator()
