import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gensc.data.split import split
from gensc.errors import InputError

NAMES = [f"class{i}" for i in range(12)]


@given(counts=st.lists(st.integers(3, 60), min_size=1, max_size=12), validation=st.floats(0.01, 0.5),
       test=st.floats(0.01, 0.5), seed=st.integers(0, 2**31))
@settings(max_examples=80, deadline=None)
def test_the_parts_are_a_stratified_partition(counts, validation, test, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(counts)), counts))
    parts = split(labels, NAMES[:len(counts)], validation, test, seed)
    everyone = np.concatenate([parts.train, parts.validation, parts.test])
    assert sorted(everyone.tolist()) == list(range(len(labels)))
    for label, count in enumerate(counts):
        sizes = [(labels[part] == label).sum() for part in (parts.train, parts.validation, parts.test)]
        assert min(sizes) >= 1
        assert abs(sizes[2] - count * test) <= 1
        assert abs(sizes[1] - (count - sizes[2]) * validation) <= 1


def test_the_seed_alone_decides():
    labels = np.arange(300) % 3
    np.random.seed(1)
    first = split(labels, NAMES[:3], 0.2, 0.2, seed=5)
    np.random.seed(2)
    again = split(labels, NAMES[:3], 0.2, 0.2, seed=5)
    other = split(labels, NAMES[:3], 0.2, 0.2, seed=6)
    assert np.array_equal(first.test, again.test) and np.array_equal(first.train, again.train)
    assert not np.array_equal(first.test, other.test)
    assert [len(first.train), len(first.validation), len(first.test)] == [192, 48, 60]


def test_without_a_test_part():
    parts = split(np.array([0, 0, 1, 1]), NAMES[:2], 0.25, 0.0, seed=0)
    assert len(parts.test) == 0 and len(parts.validation) == 2 and len(parts.train) == 2


def test_classes_that_are_too_small_are_refused():
    with pytest.raises(InputError, match="'class1' has 2 items: train, validation and test need 3; add"):
        split(np.array([0, 0, 0, 1, 1]), NAMES[:2], 0.2, 0.2, seed=0)
    with pytest.raises(InputError, match="'class1' has 1 item: train and validation need 2"):
        split(np.array([0, 0, 1]), NAMES[:2], 0.2, 0.0, seed=0)
    with pytest.raises(InputError, match="'class2' has 0 items"):
        split(np.array([0, 0, 0, 1, 1, 1]), NAMES[:3], 0.2, 0.2, seed=0)


@pytest.mark.parametrize("validation, test, message", [
    (0.0, 0.2, "validation is 0.0"), (1.0, 0.2, "validation is 1.0"), (0.2, -0.1, "test_share is -0.1"),
    (0.2, 1.0, "test_share is 1.0"),
    (float("nan"), 0.2, "validation is nan"), (0.2, float("nan"), "test_share is nan"),
])
def test_shares_that_leave_no_part_are_refused(validation, test, message):
    with pytest.raises(InputError, match=message):
        split(np.arange(30) % 3, NAMES[:3], validation, test, seed=0)
