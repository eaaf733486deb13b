"""Cutting data: every sample once, sizes exact, classes in proportion."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from tnet.data import splits

shares = st.lists(st.integers(1, 20), min_size=2, max_size=3).map(lambda parts: [part / sum(parts) for part in parts])


@given(st.integers(1, 5000), shares)
def test_shares_give_sizes_that_sum_to_all_and_differ_from_them_by_less_than_one(count, split):
    sizes = splits.sizes(count, split)
    assert sum(sizes) == count
    assert all(abs(size - share * count) < 1 for size, share in zip(sizes, split, strict=True))


@given(st.lists(st.integers(0, 4), min_size=30, max_size=300), shares, st.integers(0, 5))
@settings(max_examples=50, deadline=None)
def test_each_sample_is_in_one_part_and_classes_are_in_proportion(labels, split, seed):
    classes = torch.tensor(labels)
    sizes = splits.sizes(len(labels), split)
    parts = splits.cut(len(labels), sizes, classes, seed)
    assert torch.equal(torch.cat(parts).sort().values, torch.arange(len(labels)))
    assert [len(part) for part in parts] == sizes
    for part, size in zip(parts, sizes, strict=True):
        for label in classes.unique():
            exact = float((classes == label).sum()) * size / len(labels)
            assert abs(float((classes[part] == label).sum()) - exact) <= 2


def test_the_seed_draws_the_split():
    first, again, other = (splits.cut(100, [80, 20], None, seed)[1] for seed in (0, 0, 1))
    assert torch.equal(first, again) and not torch.equal(first, other)


def test_d5_eight_to_one_to_one_is_the_same_everywhere():
    """D5: what is drawn depends on no library's generator, so these numbers hold on every machine."""
    train, val, test = splits.cut(20, splits.sizes(20, [0.8, 0.1, 0.1]), torch.arange(20) % 2, seed=3)
    assert (val.tolist(), test.tolist(), len(train)) == ([2, 15], [6, 11], 16)


@given(st.lists(st.integers(0, 12), min_size=3, max_size=200), shares, st.integers(0, 3))
@settings(max_examples=60, deadline=None)
def test_groups_are_whole_and_parts_nearly_as_large_as_asked(groups, split, seed):
    parts = splits.sizes(len(groups), split)
    if len(set(groups)) < len(parts):
        return
    pieces = splits.cut_groups(groups, parts, None, seed)
    assert torch.equal(torch.cat(pieces).sort().values, torch.arange(len(groups)))
    found = [{groups[i] for i in piece.tolist()} for piece in pieces]
    assert all(found) and sum(map(len, found)) == len(set(groups))
    largest = max(map(groups.count, groups))
    assert all(abs(len(piece) - size) <= len(parts) * largest for piece, size in zip(pieces, parts, strict=True))


def test_few_groups_cannot_be_cut():
    with pytest.raises(ValueError, match="1 groups cannot be cut into 2 parts"):
        splits.cut_groups([1, 1, 1], [2, 1], None, 0)


@given(st.integers(2, 4), st.integers(0, 5))
@settings(max_examples=30, deadline=None)
def test_groups_are_dealt_so_that_classes_keep_their_shares(classes, seed):
    """Forty groups of five, each of one class: every part has its share of each class to within a group."""
    groups = torch.arange(40 * classes).repeat_interleave(5)
    labels = groups % classes
    parts = splits.cut_groups(groups.tolist(), [120 * classes, 80 * classes], labels, seed)
    for part, share in zip(parts, (0.6, 0.4), strict=True):
        assert all(abs(int((labels[part] == each).sum()) - share * 200) <= 5 for each in range(classes))


def test_a_rare_class_is_in_every_part():
    groups = list(range(30))
    labels = torch.tensor([1] * 3 + [0] * 27)
    parts = splits.cut_groups(groups, [10, 10, 10], labels, 0)
    assert [int(labels[part].sum()) for part in parts] == [1, 1, 1]
