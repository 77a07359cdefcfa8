"""Octonions, low-rate codes and their decoder, Toeplitz hashing: algebra exactly, efficiency by fixed frames."""

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from scipy.linalg import toeplitz as dense

from gensc.errors import InputError
from gensc.quantum.key.cvqkd import amplify, decode, reconcile
from gensc.quantum.key.cvqkd.amplify import toeplitz
from gensc.quantum.key.cvqkd.code import ENSEMBLES, Code, code

DRAWN = np.random.default_rng(7)


def test_octonions_are_a_composition_algebra_and_alternative() -> None:
    a, b = DRAWN.standard_normal((2, 100, 8))
    norm = np.linalg.norm
    np.testing.assert_allclose(norm(reconcile.product(a, b), axis=1), norm(a, axis=1) * norm(b, axis=1))
    conjugate = a * np.array([1, *[-1] * 7])
    np.testing.assert_allclose(reconcile.product(reconcile.product(b, conjugate), a),
                               b * (a**2).sum(axis=1, keepdims=True), atol=1e-12)
    assert not np.allclose(reconcile.product(a, b), reconcile.product(b, a))


def test_a_turn_takes_bobs_vector_to_his_bits_and_keeps_angles() -> None:
    use = code("1/10", 256)
    bob = DRAWN.standard_normal((2, use.n)).astype(np.float32)
    bits = DRAWN.integers(0, 2, (2, use.n), dtype=np.uint8)
    told = reconcile.tell(use, bob, bits)
    assert ((reconcile.llr(bob, told, 1.0, 1.0) > 0) == bits).all()
    np.testing.assert_allclose(np.linalg.norm(told.turn, axis=-1), 1, atol=1e-5)
    # what is told has no say on the bits: the other bits tell the turn of the other corner
    assert abs(np.corrcoef(told.turn.reshape(-1), bits.reshape(-1))[0, 1]) < 0.02


def test_llrs_are_calibrated() -> None:
    """Bits whose LLR is about L are 1 with probability 1/(1 + e^-L): the fitted slope of the logit is 1."""
    use = code("1/10", 256)
    t, noise = 0.45, 1.02
    alice = np.sqrt(3.0) * DRAWN.standard_normal((4, use.n))
    bob = (t * alice + np.sqrt(noise) * DRAWN.standard_normal((4, use.n))).astype(np.float32)
    bits = DRAWN.integers(0, 2, (4, use.n), dtype=np.uint8)
    llr = reconcile.llr(alice.astype(np.float32), reconcile.tell(use, bob, bits), t, noise).ravel()
    edges = np.quantile(llr, np.linspace(0, 1, 41))
    place = np.clip(np.searchsorted(edges, llr) - 1, 0, 39)
    means = np.array([llr[place == i].mean() for i in range(40)])
    ones = np.array([bits.ravel()[place == i].mean() for i in range(40)])
    inner = (ones > 0.02) & (ones < 0.98)
    assert np.polyfit(means[inner], np.log(ones / (1 - ones))[inner], 1)[0] == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("rate", ENSEMBLES)
def test_codes_have_their_degrees_and_no_short_cycles(rate: str) -> None:
    use = code(rate, 64 if rate != "1/10" else 128)
    assert use.rate == pytest.approx(float(Fraction(rate)))
    ensemble = ENSEMBLES[rate]
    core = use.starts[use.core_rows]
    wanted = [[one for count, *degrees in ensemble.variables for one in [degrees[kind]] * count] for kind in (0, 1)]
    for kind, part in enumerate((slice(0, core), slice(core, None))):
        np.testing.assert_array_equal(np.bincount(use.column[part], minlength=use.core_columns), wanted[kind])
    # two rows that share two columns must join them at other distances, or cycles of length 4 close
    seen = set()
    for row in range(use.rows):
        blocks = [(int(use.column[edge]), int(use.shift[edge])) for edge in range(use.starts[row], use.starts[row + 1])]
        for (one, turn), (other, shift) in combinations(sorted(blocks), 2):
            closed = (one, other, (turn - shift) % use.z, row >= use.core_rows)
            assert one != other and closed not in seen
            seen.add(closed)


def test_syndromes_are_the_sums_of_the_bits_that_a_check_holds() -> None:
    use = code("1/10", 128)
    word = DRAWN.integers(0, 2, use.n, dtype=np.uint8)
    syndrome = use.syndrome(word[None])[0]
    for check in DRAWN.integers(0, use.checks, 500):
        row, i = divmod(int(check), use.z)
        blocks = range(use.starts[row], use.starts[row + 1])
        held = [use.column[edge] * use.z + (i + use.shift[edge]) % use.z for edge in blocks]
        own = [use.core_bits + (row - use.core_rows) * use.z + i] if row >= use.core_rows else []
        assert syndrome[check] == word[held + own].sum() % 2


def test_the_check_nodes_do_their_sums() -> None:
    x = np.linspace(-12, 12, 4801).astype(np.float32)
    t = x.copy()
    decode._tanh_half(t)
    np.testing.assert_allclose(t, np.tanh(x.astype(float) / 2), atol=5e-7)
    small = np.tanh(np.linspace(-8, 8, 4801) / 2).astype(np.float32)
    back = small.copy()
    decode._twice_atanh(back)
    np.testing.assert_allclose(back, 2 * np.arctanh(small.astype(float)), atol=5e-6, rtol=1e-5)


def frames(use: Code, beta: float, count: int, seed: int) -> tuple[np.ndarray, np.ndarray, reconcile.Told, float]:
    """Alice's values, Bob's bits and what he tells, at the SNR where ``use`` has efficiency ``beta`` (slope 1)."""
    drawn = np.random.default_rng(seed)
    noise = 1 / (2 ** (2 * use.rate / beta) - 1)
    alice = drawn.standard_normal((count, use.n)).astype(np.float32)
    bob = alice + np.float32(np.sqrt(noise)) * drawn.standard_normal((count, use.n)).astype(np.float32)
    bits = drawn.integers(0, 2, (count, use.n), dtype=np.uint8)
    return alice, bits, reconcile.tell(use, bob, bits), noise


@pytest.mark.parametrize("rate", ["1/5", "1/10"])
def test_reconciliation_at_an_efficiency_of_0_9(rate: str) -> None:
    """8 frames of 102,400 values at beta 0.90: fewer than half may be lost, and those that hold are right."""
    use = code(rate, 102_400 // (code(rate, 128).n // 128))
    alice, bits, told, noise = frames(use, 0.90, 8, seed=11)
    found = reconcile.find(use, alice, told, 1.0, noise, iterations=100)
    right = (found.bits == bits[:, :use.core_bits]).all(axis=1)
    assert right.sum() >= 5
    assert right[found.ok].sum() >= found.ok.sum() - 1
    assert (found.iterations[~found.ok] == 100).all()


def test_beyond_capacity_nothing_is_decoded_and_it_is_said() -> None:
    use = code("1/10", 128)
    alice, _, told, noise = frames(use, 1.1, 2, seed=12)
    assert not reconcile.find(use, alice, told, 1.0, noise, iterations=20).ok.any()


@pytest.mark.slow
@pytest.mark.parametrize("rate", ENSEMBLES)
def test_design_efficiency_of_long_frames(rate: str) -> None:
    """Frames of about a million values at beta 0.92: at most one of 4 is lost."""
    z = 1_000_000 // (code(rate, 128).n // 128)
    use = code(rate, z)
    alice, bits, told, noise = frames(use, 0.92, 4, seed=13)
    found = reconcile.find(use, alice, told, 1.0, noise)
    assert (found.bits == bits[:, :use.core_bits]).all(axis=1).sum() >= 3


@pytest.mark.parametrize(("n", "length"), [(1, 1), (5, 9), (300, 120), (1000, 1), (2500, 1999)])
def test_toeplitz_equals_the_dense_matrix(n: int, length: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(amplify, "BLOCK", 700)
    bits = DRAWN.integers(0, 2, n, dtype=np.uint8)
    seed = DRAWN.integers(0, 2, n + length - 1, dtype=np.uint8)
    t = dense(seed[n - 1:], seed[:n][::-1]).astype(np.int64)
    np.testing.assert_array_equal(toeplitz(bits, seed, length), t @ bits % 2)


def test_toeplitz_is_exact_on_full_blocks_of_ones() -> None:
    """The largest sums: 2^20 ones with all ones in the matrix give 2^20, an even number, less one bit an odd one."""
    n = amplify.BLOCK
    ones = np.ones(n + 999, dtype=np.uint8)
    bits = np.ones(n, dtype=np.uint8)
    assert not toeplitz(bits, ones, 1000).any()
    bits[12345] = 0
    assert toeplitz(bits, ones, 1000).all()


def test_toeplitz_is_linear_and_differs_for_other_words() -> None:
    a, b = DRAWN.integers(0, 2, (2, 5000), dtype=np.uint8)
    seed = DRAWN.integers(0, 2, 5000 + 63, dtype=np.uint8)
    np.testing.assert_array_equal(toeplitz(a ^ b, seed, 64), toeplitz(a, seed, 64) ^ toeplitz(b, seed, 64))
    one = a.copy()
    one[77] ^= 1
    assert (toeplitz(one, seed, 64) != toeplitz(a, seed, 64)).any()


def test_bad_input_is_refused() -> None:
    use = code("1/10", 128)
    with pytest.raises(InputError, match="no code of rate"):
        code("1/7", 256)
    with pytest.raises(InputError, match="z is 8"):
        code("1/10", 8)
    with pytest.raises(InputError, match="words"):
        use.syndrome(np.zeros((1, 5), dtype=np.uint8))
    with pytest.raises(InputError, match="values and bits"):
        reconcile.tell(use, np.zeros((1, 8)), np.zeros((1, 8), dtype=np.uint8))
    with pytest.raises(InputError, match="LLRs"):
        decode.decode(use, np.zeros((1, 5)), np.zeros((1, use.checks), dtype=np.uint8))
    with pytest.raises(InputError, match="iterations"):
        decode.decode(use, np.zeros((1, use.n)), np.zeros((1, use.checks), dtype=np.uint8), 0)
    with pytest.raises(InputError, match="seed"):
        toeplitz(np.ones(5, dtype=np.uint8), np.ones(5, dtype=np.uint8), 3)
