"""Specs made from the grammar: its rules expanded at random, with words that mean something for its terminals."""

from __future__ import annotations

from functools import cache
from math import inf
from pathlib import Path
from random import Random

import lark
from lark.grammar import NonTerminal

GRAMMAR = Path(__file__).parents[2] / "grammars" / "tnet.lark"
TERMINALS = {
    "NAME": "x y z a b i v w T N A B Piece block net data train shape items self lr epochs batch loss".split(),
    "INT": ["0", "1", "2", "3", "4", "7", "8", "16", "64", "1_000", "99999999999"],
    "FLOAT": ["0.5", "1.0", "1e-3", "1e300", "0.0"],
    "STRING": ['"a"', '"{i}"', '"same"', '"b ... c -> b (c ...)"', '"{x}"', '"\\n"', '""', '"l{i + 1}.0"', '"auto"'],
    "SELECTOR": ["Conv2d", "Conv2d.weight", ":bias", ":norm", "*", "head", "layer?.*", "Piece.bn?.weight", "A"],
    "_SEP": ["\n"],
}  # fmt: skip
NAMES = {
    "type": "float float float int int bool float16 complex64 uint8 x",
    "atom": """x x x x x x y z a b i v w N T pi inf nan training relu ReLU LayerNorm Piece range len float int self
        zeros weight arange cat stack randint sum max min abs sqrt nonzero where topk models linalg""",
    "dotted": """x y a i Piece Conv2d Conv1d Linear BatchNorm2d ReLU Dropout LSTM GRU Embedding MultiheadAttention
        LayerNorm Flatten Identity MaxPool2d Upsample Sequential relu gelu softmax flatten mean sum max cat stack chunk
        split permute view reshape interpolate pad topk where unbind dropout linear one_hot long float optimizer
        schedule metrics epochs batch loss seed init weight_decay freeze lr models linalg""",
    "keyword_argument": "dim keepdim padding stride size kernel_size bias mode dtype start_dim x p num_heads",
    "postfix": "shape ndim dtype weight bias T mT H sum mean view chunk size append item data numpy shape float long",
}
"""Words for a NAME by the rule it stands in."""

DEEPEST = 40
PLAIN = 0.93
"""How often an expansion of one part is taken where there is one: in an expression, the one without an operator."""
TYPES = (
    *("float[N, 3, 8, 8]", "float[N, H=8]", "int[N, 4]", "float[2, 3], v: float[]", "float[B, T=4, 6], y: int[B, T]"),
)


@cache
def rules() -> tuple[dict[str, list[list]], dict[str, str], dict[str, float]]:
    """Expansions by rule, the text of each fixed terminal, and the least depth at which each rule can end."""
    starts = ["spec", "_statement"]
    grammar = lark.Lark(GRAMMAR.read_text(), parser="lalr", lexer="basic", start=starts, maybe_placeholders=False)
    expansions: dict[str, list[list]] = {}
    for rule in grammar.rules:
        expansions.setdefault(rule.origin.name, []).append(list(rule.expansion))
    fixed = {each.name: each.pattern.value.split("(?")[0] for each in grammar.terminals if each.name not in TERMINALS}
    depths = _least_depths(expansions, {*fixed, *TERMINALS} - {"ERROR"})
    ending = {name: [each for each in choices if _depth(each, depths) < inf] for name, choices in expansions.items()}
    return ending, fixed, depths


def _least_depths(expansions: dict[str, list[list]], terminals: set[str]) -> dict[str, float]:
    depths = {**dict.fromkeys(expansions, inf), **dict.fromkeys(terminals, 0.0)}
    for _ in expansions:
        for name, choices in expansions.items():
            depths[name] = min([1 + _depth(each, depths) for each in choices], default=inf)
    return depths


def _depth(expansion: list, depths: dict[str, float]) -> float:
    return max((depths.get(part.name, inf) for part in expansion), default=0)


def generated(random: Random, start: str = "spec", most: int = 300) -> str:
    """A text of the grammar of about `most` tokens at most; it parses, but for what the scanner and limits say."""
    expansions, fixed, depths = rules()
    words: list[str] = []
    stack: list[tuple[object, str, int]] = [(NonTerminal(start), "", 0)]
    while stack:
        part, parent, depth = stack.pop()
        if not isinstance(part, NonTerminal):
            words.append(fixed[part.name] if part.name in fixed else _word(random, part.name, parent))
            continue
        choices = expansions[part.name]
        if depth > DEEPEST or len(words) > most:
            least = min(_depth(each, depths) for each in choices)
            choices = [each for each in choices if _depth(each, depths) == least]
        stack += [(each, part.name, depth + 1) for each in reversed(_choose(random, choices))]
    return " ".join(words)


def _word(random: Random, terminal: str, rule: str) -> str:
    if terminal == "NAME" and rule in NAMES and random.random() < 0.9:
        return random.choice(NAMES[rule].split())
    return random.choice(TERMINALS[terminal])


def _choose(random: Random, choices: list[list]) -> list:
    plain = [each for each in choices if len(each) == 1]
    if plain and random.random() < PLAIN:
        return random.choices(plain, [1 if isinstance(each[0], NonTerminal) else 4 for each in plain])[0]
    return random.choice(choices)


def in_a_net(random: Random) -> str:
    """A net of a few generated statements, which get further than a whole generated spec does."""
    statements = [generated(random, "_statement", 40) for _ in range(random.randint(1, 5))]
    body = "\n  ".join(statements)
    return f"block Piece(b=2)(a) {{ relu }}\nnet A(v: {random.choice(TYPES)}) {{\n  {body}\n}}\n"
