"""The 802.11 LDPC codes: their matrices, the encoder against linear algebra, and a decoder that minds its lanes."""

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.phy.ldpc import NAMES, Code, code, layered_torch
from gensc.phy.qam import Constellation
from gensc.rng import Rng
from gensc.units import noise_power

CODES = [code(int(name.split(":")[0]), name.split(":")[1]) for name in NAMES]
# Es/N0 of BPSK in dB where about one frame of n = 648 in three fails
STEEP_DB = {"1/2": -1.9, "2/3": -0.1, "3/4": 1.0, "5/6": 2.2}

every_code = pytest.mark.parametrize("one", CODES, ids=lambda one: one.name)


def random_bits(one: Code, rows: int, seed: int = 0) -> torch.Tensor:
    return (Rng.seeded(seed, "ldpc", one.name).of(rows).uniform(one.k) < 0.5).to(torch.uint8)


def received(one: Code, bits: torch.Tensor, snr_db: float) -> torch.Tensor:
    """LLRs of BPSK over AWGN."""
    n0 = noise_power(snr_db)
    noise = Rng.seeded(1, "ldpc").of(len(bits)).complex_normal(one.n) * n0.sqrt()
    return Constellation(1).demap(Constellation(1).map(one.encode(bits)) + noise, n0)


def solve(matrix: np.ndarray, right: np.ndarray) -> np.ndarray:
    """x with matrix x = right over GF(2), by Gauss-Jordan elimination; the matrix must be invertible."""
    work = np.packbits(np.concatenate((matrix, right), axis=1), axis=1)
    size = len(matrix)
    for i in range(size):
        column = (work[:, i // 8] >> (7 - i % 8)) & 1
        pivot = i + int(column[i:].argmax())
        assert column[pivot], "singular"
        work[[i, pivot]] = work[[pivot, i]]
        column[pivot] = column[i]
        column[i] = 0
        work[column == 1] ^= work[i]
    return np.unpackbits(work, axis=1)[:, size:size + right.shape[1]]


@every_code
def test_a_code_is_what_its_name_says(one: Code) -> None:
    above, below = map(int, one.rate.split("/"))
    assert one.k * below == one.n * above and one.z * 24 == one.n
    h = one.parity_check()
    assert h.shape == (one.n - one.k, one.n)
    assert all(-1 <= shift < one.z for row in one.shifts for shift in row)
    assert (h.sum(axis=0) >= 2).all() and (h.sum(axis=1) >= 7).all()


def test_the_matrix_is_that_of_sionnas_example() -> None:
    from sionna.phy.fec.utils import load_parity_check_examples

    matrix, k, n, _ = load_parity_check_examples(4)
    assert (k, n) == (324, 648)
    assert np.array_equal(code(648, "1/2").parity_check(), matrix)


@every_code
def test_encoding_is_systematic_linear_and_what_linear_algebra_gives(one: Code) -> None:
    bits = random_bits(one, 64)
    words = one.encode(bits)
    assert words.dtype == torch.uint8 and torch.equal(words[:, :one.k], bits)
    h = one.parity_check()
    assert not (words.numpy() @ h.T.astype(np.float32) % 2).any()
    syndrome = (h[:, :one.k].astype(np.float32) @ bits.numpy().T.astype(np.float32) % 2).astype(np.uint8)
    assert np.array_equal(words[:, one.k:].numpy(), solve(h[:, one.k:], syndrome).T)
    assert torch.equal(one.encode(bits[:32] ^ bits[32:]), words[:32] ^ words[32:])
    assert torch.equal(one.encode(bits[5:6]), words[5:6])


@every_code
def test_a_clean_word_decodes_in_one_iteration(one: Code) -> None:
    bits = random_bits(one, 5)
    found = one.decode(4.0 * one.encode(bits) - 2)
    assert torch.equal(found.bits, bits) and found.ok.all() and (found.iterations == 1).all()


@every_code
def test_noise_alone_fails_cleanly(one: Code) -> None:
    noise = Rng.seeded(2, "ldpc").of(20).normal(one.n)
    found = one.decode(noise, iterations=7)
    assert not found.ok.any() and (found.iterations == 7).all() and found.bits.max() <= 1


@every_code
def test_a_frame_minds_no_other_frame_and_no_thread(one: Code) -> None:
    """Frames that take one iteration, a few, and all of them, in every company."""
    bits = random_bits(one, 45)
    llr = received(one, bits, STEEP_DB[one.rate])
    llr[::7] = 8.0 * one.encode(bits)[::7] - 4
    whole = one.decode(llr)
    assert whole.ok.any() and not whole.ok.all()
    order = Rng.seeded(3, "ldpc").permutation(len(llr))
    turned = one.decode(llr[order])
    torch.set_num_threads(2)
    threaded = one.decode(llr)
    torch.set_num_threads(1)
    for part in ("bits", "ok", "iterations"):
        expected = getattr(whole, part)
        assert torch.equal(getattr(turned, part), expected[order])
        assert torch.equal(getattr(threaded, part), expected)
        for row in (0, 3, 44):
            assert torch.equal(getattr(one.decode(llr[row:row + 1]), part)[0], expected[row])


@every_code
def test_the_torch_path_decides_the_same(one: Code) -> None:
    llr = received(one, random_bits(one, 40), STEEP_DB[one.rate])
    llr[3, :50] = 0
    llr[4, 7] = float("nan")
    compiled, by_torch = one.decode(llr), layered_torch.decode(one, llr, 20)
    for part in ("bits", "ok", "iterations"):
        assert torch.equal(getattr(compiled, part), getattr(by_torch, part))


@every_code
def test_ok_means_a_codeword_and_nearly_always_the_right_one(one: Code) -> None:
    bits = random_bits(one, 60)
    found = one.decode(received(one, bits, STEEP_DB[one.rate] + 0.3))
    right = (found.bits == bits).all(dim=1)
    assert found.ok.sum() > 10
    assert (right[found.ok]).float().mean() > 0.98


def test_erasures_infinities_and_nan() -> None:
    one = code(648, "1/2")
    bits = random_bits(one, 3)
    sent = one.encode(bits)
    llr = (2.0 * sent - 1) * float("inf")
    llr[0, ::10] = 0
    llr[1, ::10] = float("nan")
    found = one.decode(llr)
    assert torch.equal(found.bits, bits) and found.ok.all()
    assert not one.decode(torch.zeros(2, one.n)).ok.any(), "nothing received is not the zero word"
    assert one.decode(torch.zeros(0, one.n)).bits.shape == (0, one.k)
    assert one.encode(bits[:0]).shape == (0, one.n)


def test_more_iterations_decode_more() -> None:
    one = code(1944, "1/2")
    llr = received(one, random_bits(one, 60), -1.4)
    decoded = [int(one.decode(llr, iterations).ok.sum()) for iterations in (3, 8, 20)]
    assert decoded[0] < decoded[1] <= decoded[2]


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="1000:1/2"):
        code(1000, "1/2")
    one = code(648, "1/2")
    with pytest.raises(InputError, match=r"\[B, 324\]"):
        one.encode(torch.zeros(2, 325, dtype=torch.uint8))
    with pytest.raises(InputError, match=r"\[B, 648\]"):
        one.decode(torch.zeros(648))
    with pytest.raises(InputError, match="iterations is 0"):
        one.decode(torch.zeros(1, 648), 0)
