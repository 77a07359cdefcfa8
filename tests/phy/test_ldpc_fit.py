"""Payloads of any length in any number of bits, by the rules of IEEE Std 802.11-2020, 19.3.11.7.5."""

from fractions import Fraction

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gensc.errors import InputError
from gensc.phy.ldpc.fit import KNOWN_ZERO, Fit, choose
from gensc.rng import Rng

RATES = ("1/2", "2/3", "3/4", "5/6")


def fit(payload_bits: int, available_bits: int, rate: str) -> Fit:
    return Fit(payload_bits, available_bits, rate, *choose(payload_bits, available_bits, rate))


def random_bits(rows: int, n: int) -> torch.Tensor:
    return (Rng.seeded(0, "fit").of(rows).uniform(n) < 0.5).to(torch.uint8)


def too_heavy(one: Fit) -> bool:
    """Step d of the standard, word for word: whether the number of available bits must be raised."""
    rate, words = Fraction(one.rate), one.count * one.n
    punctured, shortened = one.punctured, one.shortened
    return ((punctured > Fraction(1, 10) * words * (1 - rate)
             and shortened < Fraction(12, 10) * punctured * rate / (1 - rate))
            or punctured > Fraction(3, 10) * words * (1 - rate))


def test_table_19_16() -> None:
    """Each row of the table on both sides of its threshold; the payload at the rate fills the bits, or less."""
    assert choose(324, 648, "1/2") == (648, 1)
    assert choose(648 - 456, 648, "1/2") == (1296, 1)
    assert choose(648 - 455, 648, "1/2") == (648, 1)
    assert choose(500, 1000, "1/2") == (1296, 1)
    assert choose(1296 - 732, 1296, "1/2") == (1944, 1)
    assert choose(1296 - 731, 1296, "1/2") == (1296, 1)
    assert choose(750, 1500, "1/2") == (1944, 1)
    assert choose(1000, 2000, "1/2") == (1296, 2)
    assert choose(2592 - 1458, 2592, "1/2") == (1944, 2)
    assert choose(2592 - 1457, 2592, "1/2") == (1296, 2)
    assert choose(2160, 2592, "5/6") == (1296, 2)
    assert choose(1621, 2593, "5/6") == (1944, 2)
    assert choose(1620, 2593, "5/6") == (1944, 1)


def test_a_frame_by_hand() -> None:
    """1000 octets and the 16 service bits in 64-QAM, rate 5/6, 52 tones: 31 symbols of 312 bits."""
    one = fit(8016, 31 * 312, "5/6")
    assert (one.n, one.count) == (1944, 5)
    assert (one.shortened, one.punctured, one.repeated) == (84, 0, 36)
    two = fit(5000, 6800, "3/4")
    assert (two.n, two.count, two.shortened, two.punctured, two.repeated) == (1944, 4, 832, 144, 0)


@given(st.integers(1, 12_000), st.integers(0, 3000), st.sampled_from(RATES))
def test_whatever_is_fitted_comes_back(payload_bits: int, more: int, rate: str) -> None:
    """Bits on the air from a little under payload / rate upwards: the counts balance, the limits hold."""
    available = max(payload_bits, int(payload_bits / Fraction(rate) * 98 / 100)) + more
    one = fit(payload_bits, available, rate)
    assert one.count * one.n - one.shortened - one.punctured + one.repeated == available
    assert (one.needed_bits > available) == too_heavy(one)
    if one.needed_bits > available:
        assert not too_heavy(Fit(payload_bits, one.needed_bits, rate, one.n, one.count))
        assert too_heavy(Fit(payload_bits, one.needed_bits - 1, rate, one.n, one.count))
        return
    bits = random_bits(2, payload_bits)
    sent = one.encode(bits)
    assert sent.shape == (2, available)
    found = one.decode(8.0 * sent - 4)
    assert found.ok.all() and torch.equal(found.bits, bits)


def test_where_bits_are_shortened_punctured_and_repeated() -> None:
    """Zeros end the information, the last parity bits fall away, copies begin with the first bit."""
    one = fit(5001, 6801, "3/4")
    assert (one.shortened, one.punctured) == (831, 144)
    words = one.words(torch.ones(1, 5001, dtype=torch.uint8))
    k = one.code.k
    assert words.shape == (4, k) and [int((row[-208:] == 0).all()) for row in words] == [1, 1, 1, 0]
    assert (words[3, -207:] == 0).all()
    coded = one.code.encode(words)
    first = torch.cat((coded[0, :k - 208], coded[0, k:1944 - 36]))
    assert torch.equal(one.coded(coded)[0, :len(first)], first)

    again = fit(100, 1301, "1/2")
    assert (again.n, again.count, again.repeated) == (1944, 1, 229)
    sent = again.encode(random_bits(1, 100))
    assert torch.equal(sent[0, -229:], sent[0, :229])


def test_llrs_of_known_unknown_and_repeated_bits() -> None:
    one = fit(5001, 6801, "3/4")
    llr = one.llrs(torch.ones(1, 6801))
    assert llr.shape == (4, 1944)
    assert (llr == KNOWN_ZERO).sum() == one.shortened and (llr == 0).sum() == one.punctured
    many = fit(100, 5000, "1/2")
    llr = many.llrs(torch.ones(1, 5000))
    copies = llr[llr > 0]
    assert copies.sum() == 5000 and copies.max() - copies.min() == 1


def test_items_of_one_code_decode_together_as_alone() -> None:
    """The pieces: words of two fits in one call."""
    fits = [fit(5000, 6800, "3/4"), fit(3000, 4100, "3/4")]
    bits = [random_bits(2, one.payload_bits) for one in fits]
    noise = [Rng.seeded(1, "fit").of(2).normal(one.available_bits) for one in fits]
    llrs = [8.0 * one.encode(b) - 4 + 2 * n for one, b, n in zip(fits, bits, noise, strict=True)]
    assert fits[0].code is fits[1].code
    together = fits[0].code.decode(torch.cat([one.llrs(llr) for one, llr in zip(fits, llrs, strict=True)]))
    start = 0
    for one, llr, b in zip(fits, llrs, bits, strict=True):
        part = slice(start, start + 2 * one.count)
        start = part.stop
        alone = one.decode(llr)
        assert torch.equal(one.payload(together.bits[part]), alone.bits) and torch.equal(alone.bits, b)
        assert torch.equal(together.ok[part].reshape(2, -1).all(1), alone.ok)


def test_one_bad_word_fails_its_item_only() -> None:
    one = fit(5000, 6800, "3/4")
    llr = 8.0 * one.encode(random_bits(3, 5000)) - 4
    llr[1, :1000] *= -1
    found = one.decode(llr)
    assert found.ok.tolist() == [True, False, True]
    assert found.iterations.tolist() == [1, 20, 1]


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="7/8"):
        fit(100, 200, "7/8")
    with pytest.raises(InputError, match="payload of 0 bits"):
        fit(0, 200, "1/2")
    with pytest.raises(InputError, match=r"\[B, 5000\]"):
        fit(5000, 6800, "3/4").encode(random_bits(1, 4999))
    with pytest.raises(InputError, match=r"\[B, 6800\]"):
        fit(5000, 6800, "3/4").decode(torch.zeros(1, 6801))
