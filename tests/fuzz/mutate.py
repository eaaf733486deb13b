"""Damaged copies of specs: tokens deleted, doubled, swapped and replaced, bytes flipped, text cut off."""

from __future__ import annotations

import re
from collections.abc import Callable
from random import Random

TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|#[^\n]*|\w+(?:\.\d+)?|->|\*\*|//|[-+*/@<>=!]=|\.\.\.|\.\.|[^\S\n]+|\n|.')
STRANGE = [
    *"{ } ( ) [ ] , ; : = + - * / % @ & | ~ . .. ... -> ** // == != <= += # \" ' \\ $ é".split(),
    *"0 1 -1 2 3 7 0.5 1e9 1e999 9223372036854775807 10000000000 true false none True None nan inf pi".split(),
    *"x self y i training input shape parameter buffer shared repeat for if else in return as at from use def".split(),
    *'block net autograd forward backward hyper parameters data train "" "a" "{i}" "{" "{{i}}" 3epochs'.split(),
    *"Conv2d Linear LSTM Embedding MultiheadAttention relu softmax flatten chunk cat range len x.shape x.ndim".split(),
    *"randint arange nonzero zeros models.resnet18 linalg.norm rearrange [] {} () (x,) float[N] \0 \ufeff".split(),
]  # fmt: skip


def delete(random: Random, tokens: list[str], others: list[str]) -> None:
    start = random.randrange(len(tokens))
    del tokens[start : start + random.choice((1, 1, 1, 2, 5))]


def double(random: Random, tokens: list[str], others: list[str]) -> None:
    start = random.randrange(len(tokens))
    piece = tokens[start : start + random.choice((1, 1, 3, 12))]
    tokens[start:start] = [*piece, random.choice(("", " ", "\n"))]


def swap(random: Random, tokens: list[str], others: list[str]) -> None:
    left, right = random.randrange(len(tokens)), random.randrange(len(tokens))
    tokens[left], tokens[right] = tokens[right], tokens[left]


def replace(random: Random, tokens: list[str], others: list[str]) -> None:
    tokens[random.randrange(len(tokens))] = random.choice(others)


def replace_by_its_like(random: Random, tokens: list[str], others: list[str]) -> None:
    """A name for a name, a number for a number, a sign for a sign: what results often still parses."""
    for _ in range(8):
        place = random.randrange(len(tokens))
        if kind := kind_of(tokens[place]):
            like = [each for each in random.choices(others, k=40) if kind_of(each) == kind]
            if like:
                tokens[place] = like[0]
                return


def insert(random: Random, tokens: list[str], others: list[str]) -> None:
    tokens.insert(random.randrange(len(tokens)), f" {random.choice(others)} ")


def flip(random: Random, tokens: list[str], others: list[str]) -> None:
    place = random.randrange(len(tokens))
    data = bytearray(tokens[place].encode())
    if data:
        data[random.randrange(len(data))] ^= 1 << random.randrange(8)
    tokens[place] = data.decode("utf-8", "replace")


def cut_off(random: Random, tokens: list[str], others: list[str]) -> None:
    del tokens[random.randrange(len(tokens)) :]


def move_line(random: Random, tokens: list[str], others: list[str]) -> None:
    lines = "".join(tokens).split("\n")
    line = lines.pop(random.randrange(len(lines)))
    lines.insert(random.randrange(len(lines) + 1), line)
    tokens[:] = TOKEN.findall("\n".join(lines))


Mutation = Callable[[Random, list[str], list[str]], None]
MUTATIONS: tuple[Mutation, ...] = (
    *(delete, double, swap, replace, replace, insert, flip, cut_off, move_line),
    *[replace_by_its_like] * 6,
)


def kind_of(token: str) -> str | None:
    if re.fullmatch(r"[A-Za-z_][\w.]*", token):
        return "layer" if token[0].isupper() else "name"
    if re.fullmatch(r"[\d.]+(e\d+)?", token):
        return "number"
    return "sign" if re.fullmatch(r"[-+*/%@&|=<>!~:.,]+", token) else None


def damaged(random: Random, text: str, vocabulary: list[str]) -> str:
    """A copy of a spec with one to three mutations; `vocabulary` are tokens of all specs."""
    tokens = TOKEN.findall(text)
    for _ in range(random.choice((1, 1, 1, 2, 3))):
        if tokens:
            random.choice(MUTATIONS)(random, tokens, random.choice((STRANGE, vocabulary)))
    return "".join(tokens)
