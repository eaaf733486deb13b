"""Nearest names: by spelling (edit distance up to a third of the length), else by what a name abbreviates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from .words import either

MOST = 3
SHORTEST_ABBREVIATION = 3
FEW_NAMES = 60
"""Up to so many names letters may be left out anywhere (`ksize`); among more that would find anything."""


OTHER_NAMES = {
    **dict.fromkeys(["learning_rate", "learningRate", "alpha"], "lr"),
    **dict.fromkeys(["wd", "decay", "l2_penalty"], "weight_decay"),
    **dict.fromkeys(["batch_size", "batchsize", "bs", "minibatch"], "batch"),
    **dict.fromkeys(["num_epochs", "n_epochs", "max_epochs", "nb_epochs"], "epochs"),
    **dict.fromkeys(["num_steps", "max_steps", "iterations", "max_iters"], "steps"),
    **dict.fromkeys(["num_workers", "n_workers"], "workers"),
    **dict.fromkeys(["criterion", "loss_fn", "objective"], "loss"),
    **dict.fromkeys(["optim", "opt"], "optimizer"),
    **dict.fromkeys(["scheduler", "lr_scheduler", "lr_schedule"], "schedule"),
    **dict.fromkeys(["grad_clip", "max_grad_norm", "gradient_clip_val", "clip_grad_norm"], "clip_norm"),
    **dict.fromkeys(["grad_accum", "accumulate_grad_batches", "gradient_accumulation_steps"], "accumulate"),
    **dict.fromkeys(["random_seed", "manual_seed", "random_state"], "seed"),
    **dict.fromkeys(["amp", "mixed_precision"], "precision"),
    **dict.fromkeys(["filters", "channels", "out_ch"], "out_channels"),
    **dict.fromkeys(["units", "out_dim", "out_size"], "out_features"),
    **dict.fromkeys(["rate", "prob", "drop_prob", "keep_prob"], "p"),
    **dict.fromkeys(["validation", "valid", "valset", "dev"], "val"),
    **dict.fromkeys(["dataset", "trainset", "train_set", "train_dataset"], "train"),
    **dict.fromkeys(["testset", "test_set", "test_dataset"], "test"),
    "f1": "f1_score", "Tensor": "float",
    "double": "float64", "half": "float16", "long": "int64", "short": "int16", "byte": "uint8",
}  # fmt: skip
"""What handbooks and other libraries call things, and what they are called here, where that can stand."""


def distance(a: str, b: str) -> int:
    """Damerau-Levenshtein distance (optimal string alignment: a swap of neighbours counts once)."""
    before, previous = [], list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        current = [i]
        for j, right in enumerate(b, 1):
            best = min(previous[j] + 1, current[j - 1] + 1, previous[j - 1] + (left != right))
            if i > 1 and j > 1 and left == b[j - 2] and a[i - 2] == right:
                best = min(best, before[j - 2] + 1)
            current.append(best)
        before, previous = previous, current
    return previous[-1]


def nearest(name: str, names: Iterable[str]) -> str | None:
    """The name most like `name`, or none that is near enough."""
    known = list(names)
    return next(iter(_elsewhere(name, known) or _alike(name, known)), None)


def did_you_mean(name: str, names: Iterable[str], rather: Iterable[str] = ()) -> str | None:
    """``did you mean `X`?`` with all names that are equally near, or that `name` abbreviates, ready as a help line.

    A capital is for a layer, a small letter for a function: what begins so is looked at first, but for names that are
    `rather` meant.
    """
    known = list(names)
    of_its_kind = [each for each in known if each[:1].isupper() == name[:1].isupper()]
    tries = (ways(name, some) for some in (list(rather), of_its_kind, known) for ways in WAYS)
    found = next(filter(None, tries), [])[:MOST]
    return f"did you mean {either([f'`{each}`' for each in found])}?" if found else None


def _elsewhere(name: str, names: Sequence[str]) -> list[str]:
    return [OTHER_NAMES[name]] if OTHER_NAMES.get(name) in names else []


def _alike(name: str, names: Iterable[str]) -> list[str]:
    """The names that are spelt most alike."""
    folded = name.casefold()
    limit = max(1, len(name) // 3) if len(name) > 1 else 0
    ranked = []
    for each in names:
        letter = len(each) == 1 and folded != each.casefold()
        if letter or abs(len(each) - len(name)) > limit:
            continue
        if (apart := distance(folded, each.casefold())) <= limit:
            ranked.append((apart, each != name, each))
    ranked.sort()
    return [each for *rank, each in ranked if rank == list(ranked[0][:-1])]


def _abbreviated(name: str, names: Sequence[str]) -> list[str]:
    """The shortest names that begin so, or else, of few names, the shortest that has these letters in this order."""
    folded = name.casefold()
    if len(folded) < SHORTEST_ABBREVIATION:
        return []
    plain = {each: each.casefold().replace("_", "") for each in names}
    begin = [each for each in names if plain[each].startswith(folded.replace("_", ""))]
    if begin:
        return [each for each in begin if len(each) == min(map(len, begin))]
    in_order = [each for each in names if plain[each][:1] == folded[:1] and _in_order(folded, plain[each])]
    return sorted(in_order, key=len)[:1] if len(names) <= FEW_NAMES else []


def _shortened(name: str, names: Sequence[str]) -> list[str]:
    """The names, of few, that are this one with letters left out: `img` where `image` is written."""
    folded = name.casefold()
    short = [each for each in names if SHORTEST_ABBREVIATION <= len(each) and len(name) // 2 <= len(each) < len(name)]
    found = [each for each in short if each[:1].casefold() == folded[:1] and _in_order(each.casefold(), folded)]
    return found if len(names) <= FEW_NAMES else []


def _in_order(letters: str, text: str) -> bool:
    rest = iter(text)
    return all(letter in rest for letter in letters)


WAYS = (_elsewhere, _alike, _abbreviated, _shortened)
"""What makes a name near to another, the likeliest first."""
