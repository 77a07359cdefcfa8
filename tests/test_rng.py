import numpy as np
import pytest
import torch
from hypothesis import assume, example, given
from hypothesis import strategies as st
from scipy.stats import kstest

from gensc.rng import Rng

SEEDS = st.integers(0, 2**64)
ITEMS = st.lists(st.integers(0, 2**40), min_size=1, max_size=12)
PATHS = st.lists(st.one_of(st.text(max_size=6), st.integers(-5, 5)), max_size=4)


@given(SEEDS, ITEMS, st.randoms())
def test_an_item_draws_the_same_alone_in_a_batch_and_in_any_order(seed, items, random):
    rng = Rng.seeded(seed, "a")
    for draw in (Rng.normal, Rng.uniform, Rng.complex_normal):
        whole = draw(rng.of(items), 5)
        assert whole.shape == (len(items), 5)
        for row, item in zip(whole, items, strict=True):
            assert torch.equal(draw(rng.of([item]), 5)[0], row)
        order = random.sample(range(len(items)), len(items))
        assert torch.equal(draw(rng.of([items[i] for i in order]), 5), whole[order])


@given(SEEDS, st.integers(1, 6))
def test_a_number_of_items_means_their_first_identities(seed, count):
    rng = Rng.seeded(seed)
    assert torch.equal(rng.of(count).normal(3), rng.of(range(count)).normal(3))


@given(PATHS, PATHS)
@example(["ab", "c"], ["a", "bc"])
@example(["a", "b"], ["ab"])
@example(["1"], [1])
@example([], [""])
@example(["a\x1fstr:b"], ["a", "b"])
def test_different_paths_are_different_streams(one, two):
    assume([(type(p), p) for p in one] != [(type(p), p) for p in two])
    assert Rng.seeded(0, *one).key != Rng.seeded(0, *two).key
    root = Rng.seeded(0)
    # A child without a name is a use of its own as well, so only the names are compared.
    assert root.child(*one).key != root.child(*two).key


@given(SEEDS, SEEDS)
def test_different_seeds_are_different_streams(one, two):
    assume(one != two)
    assert not torch.equal(Rng.seeded(one).normal(4), Rng.seeded(two).normal(4))


def test_no_two_of_many_streams_share_their_first_draw():
    rng = Rng.seeded(0)
    firsts = torch.cat([rng.child("part", place).of(2_000).normal(2) for place in range(5)])
    assert len(firsts.unique(dim=0)) == 10_000


def test_children_parents_and_items_are_independent():
    rng = Rng.seeded(3).of(2)
    n = 50_000
    draws = torch.cat([rng.normal(n), rng.child("a").normal(n), rng.child("b").normal(n),
                       rng.child("a").child("a").normal(n)]).double()
    correlation = torch.corrcoef(draws) - torch.eye(8)
    assert correlation.abs().max() < 4.5 / n**0.5


def test_the_same_address_draws_the_same_again():
    rng = Rng.seeded(5, "x", 2).of(3)
    assert torch.equal(rng.normal(4), rng.normal(4))
    assert torch.equal(rng.child("y").uniform(2), Rng.seeded(5, "x", 2).of(3).child("y").uniform(2))


def test_these_numbers_never_change():
    """Published results rest on them: a change here needs a new major version."""
    expected = [-1.7407207, 0.0081033, 0.6174867]
    assert Rng.seeded(0, "frozen").of([7]).normal(3)[0].tolist() == pytest.approx(expected, abs=1e-5)


def test_draws_follow_their_distributions():
    rng = Rng.seeded(1).of(20)
    n = 10_000
    normal = rng.normal(n)
    assert normal.dtype == torch.float32
    assert kstest(normal.flatten().numpy(), "norm").pvalue > 1e-4
    moments = [float((normal.double() ** k).mean()) for k in (1, 2, 3, 4)]
    spread = [(v / (20 * n)) ** 0.5 * 4.5 for v in (1, 2, 15, 96)]
    assert np.all(np.abs(np.subtract(moments, [0, 1, 0, 3])) < spread)
    uniform = rng.uniform(n, low=-10, high=30)
    assert uniform.min() >= -10 and uniform.max() < 30
    assert kstest(uniform.flatten().numpy(), "uniform", args=(-10, 40)).pvalue > 1e-4


def test_complex_normal_has_half_its_power_in_each_dimension():
    z = Rng.seeded(2).of(20).complex_normal(10_000)
    assert z.dtype == torch.complex64 and z.shape == (20, 10_000)
    power = [float(part.double().square().mean()) for part in (z.real, z.imag)]
    assert power == pytest.approx([0.5, 0.5], rel=4.5 * (2 / z.numel()) ** 0.5)
    assert float((z.real * z.imag).mean()) == pytest.approx(0, abs=4.5 * 0.5 / z.numel() ** 0.5)


def test_many_items_of_one_draw_are_as_good_as_one_item_of_many():
    assert kstest(Rng.seeded(4).of(20_000).normal(1).flatten().numpy(), "norm").pvalue > 1e-4


def test_a_permutation_holds_every_index_once():
    order = Rng.seeded(0).child("order").permutation(100)
    assert sorted(order.tolist()) == list(range(100)) != order.tolist()
    assert np.array_equal(order, Rng.seeded(0).child("order").permutation(100))


def test_torchs_generator_follows_the_stream_and_is_put_back():
    torch.manual_seed(11)
    expected = torch.rand(3)
    torch.manual_seed(11)
    with Rng.seeded(0, "layers").torch_seeded():
        first = torch.rand(2)
    assert torch.equal(torch.rand(3), expected)
    with Rng.seeded(0, "layers").torch_seeded():
        assert torch.equal(torch.rand(2), first)
    with Rng.seeded(1, "layers").torch_seeded():
        assert not torch.equal(torch.rand(2), first)
