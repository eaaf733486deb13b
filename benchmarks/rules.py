"""Resolving rules: a net of 5,000 parameter tensors, 50 rules. It must take under 0.3 s.

python -m benchmarks.rules
"""

from __future__ import annotations

import time

import torch

from tnet.elaborate import elaborate
from tnet.ir.program import Program
from tnet.parameters import choose, groups, resolve
from tnet.source import Source
from tnet.syntax import parse

BLOCKS, LIMIT = 500, 0.3


def spec() -> str:
    """500 blocks in ten stages, of five layers with two tensors each; every kind of selector and of property."""
    rules = [
        ":bias, :norm { weight_decay = 0 }",
        "Linear.weight { init = xavier_normal }",
        '* { layer_decay = LayerDecay(0.9, "stage?") }',
        "Cell.norm { lr = 0.5 * lr; eval = true }",
        "*block1* :matrix { optimizer = Muon(lr=0.02) }",
        *(f"*.block{number}?, Cell.a{number % 4} {{ lr = {number}e-4 * lr; l2 = 1e-{number % 5 + 2} }}"
          for number in range(1, 44)),
        "stage0.block0 { freeze = 2 epochs }",
        "stage9.block49? :norm { betas = [0.9, 0.95] }",
    ]  # fmt: skip
    return "\n".join([
        "block Cell() { a0: Linear(4); a1: Linear(4); a2: Linear(4); a3: Linear(4); norm: LayerNorm }",
        f"blocks = {BLOCKS // 10}",
        'net Deep(x: float[N, 4]) {',
        'for j in range(10) { "stage{j}": { for i in range(blocks) { "block{blocks * j + i}": Cell } } }',
        "}",
        f"parameters {{\n{chr(10).join(rules)}\n}}",
        "train { optimizer = AdamW(lr=1e-3) }",
    ])  # fmt: skip


def program() -> Program:
    found, diagnostics = elaborate(parse(Source("deep.tnet", spec())))
    assert not diagnostics, diagnostics
    return found


def seconds(it: Program) -> float:
    """The time of resolving the rules and making the groups."""
    setting = it.recipes[None].settings["optimizer"]
    optimizer = choose(setting.value, setting.value_span)
    before = time.process_time()  # other programs do not count
    table, diagnostics = resolve(it.net(), it.rules[None], optimizer, blocks=("Cell",))
    found = groups(table)
    taken = time.process_time() - before
    assert not diagnostics, diagnostics
    print(f"{len(table.parameters):,} tensors, {len(table.rules)} rules, {len(found)} groups: {taken:.3f} s")
    return taken


def main() -> None:
    torch.set_num_threads(1)
    it = program()
    best = min(seconds(it) for _ in range(5))
    print(f"best of 5: {best:.3f} s, {'under' if best < LIMIT else 'OVER'} the limit of {LIMIT} s")


if __name__ == "__main__":
    main()
