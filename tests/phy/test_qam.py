"""Constellations against the tables of the standards, closed-form error rates, Sionna, and calibrated LLRs."""

import math
from functools import cache

import numpy as np
import pytest
import torch
from scipy.special import erfc

from gensc.errors import InputError
from gensc.metric.estimate import wilson
from gensc.phy.qam import LLR_MAX, SIZES, Constellation
from gensc.rng import Rng
from gensc.units import noise_power

LABELLINGS = ("802.11", "3gpp")
EVERY = [Constellation(bits, labelling) for bits in SIZES for labelling in LABELLINGS]
# Es/N0 in dB where a constellation of so many bits has a BER of about 1e-2 over AWGN
KNEE_DB = {1: 4.3, 2: 7.3, 4: 13.9, 6: 19.7, 8: 25.2, 10: 30.7, 12: 36.2}
SYMBOLS = 40_000


def named(one: Constellation) -> str:
    return f"{2**one.bits} points, {one.labelling}"


def closed_form(one: Constellation, snr_db: float, fading: bool) -> float:
    """BER of hard decisions by the nearest point, mean over the bits of a symbol.

    Cho and Yoon, IEEE Trans. Commun. 50(7), 2002, eqs. (14) and (16), in multiples of the half distance d; over
    Rayleigh fading each erfc(a |h|) has the mean 1 - a / sqrt(1 + a^2) (Simon and Alouini, 5.6).
    """
    m = max(1, one.bits // 2)
    levels = 2**m
    energy = 1 if one.bits == 1 else 3 / (2 * (levels**2 - 1))
    step = math.sqrt(energy * 10 ** (snr_db / 10))
    total = 0.0
    for k in range(1, m + 1):
        for i in range(round((1 - 2**-k) * levels)):
            which = i * 2 ** (k - 1) / levels
            weight = (-1) ** math.floor(which) * (2 ** (k - 1) - math.floor(which + 0.5))
            a = (2 * i + 1) * step
            total += weight * (1 - a / math.sqrt(1 + a**2) if fading else erfc(a))
    return total / levels / m


def transmission(one: Constellation, snr_db: float, fading: bool, symbols: int = SYMBOLS):
    """bits [1, n], what an equaliser leaves of the symbols [1, k], and its noise [1, k]."""
    rng = Rng.seeded(4, named(one), str(fading), float(snr_db))
    bits = (rng.child("bits").uniform(symbols * one.bits) < 0.5).to(torch.uint8)
    n0 = noise_power(snr_db)
    h = rng.child("fading").complex_normal(symbols) if fading else torch.ones(1, symbols, dtype=torch.complex64)
    y = h * one.map(bits) + rng.child("noise").complex_normal(symbols) * n0.sqrt()
    return bits, y / h, n0 / h.abs() ** 2


@cache
def deviations(fading: bool) -> tuple[int, np.ndarray]:
    """How many points lie in their 95 % interval, and how far each lies from its closed form in standard errors.

    Bits of a symbol fail together, so the interval is Wilson's for the number of independent trials that
    the variance between symbols amounts to.
    """
    inside, found = 0, []
    for one in EVERY:
        for offset in np.linspace(-14, 2, 8) if not fading else np.linspace(-14, 14, 8):
            snr_db = KNEE_DB[one.bits] + float(offset)
            bits, y, noise = transmission(one, snr_db, fading)
            errors = (one.demap(y, noise, "max-log") > 0).to(torch.uint8) != bits
            share = errors.reshape(SYMBOLS, one.bits).double().mean(1).numpy()
            expected, measured = closed_form(one, snr_db, fading), float(share.mean())
            assert measured > 0, f"{named(one)} at {snr_db} dB: no errors to count"
            error = float(share.std()) / math.sqrt(SYMBOLS)
            low, high = wilson(measured, measured * (1 - measured) / error**2)
            inside += low <= expected <= high
            found.append((measured - expected) / error)
    return inside, np.array(found)


@pytest.mark.parametrize("fading", [False, True], ids=["awgn", "rayleigh"])
def test_bit_error_rates_are_those_of_the_closed_forms(fading: bool) -> None:
    """Every constellation in both labellings at 8 SNRs: 95 % of the points belong in their 95 % interval."""
    inside, found = deviations(fading)
    assert len(found) == 8 * len(EVERY)
    assert inside >= 0.9 * len(found)
    assert np.abs(found).max() < 3.89, "a point outside its 99.99 % interval"
    assert abs(found.mean()) < 3.3 / math.sqrt(len(found)), "a common bias, as a wrong SNR would bring"


def test_a_fifth_of_a_decibel_would_show() -> None:
    """The statistics above reject noise that is 0.2 dB off."""
    one, snr_db = Constellation(6), KNEE_DB[6] - 3
    bits, y, noise = transmission(one, snr_db, False)
    share = ((one.demap(y, noise, "max-log") > 0) != bits.bool()).reshape(SYMBOLS, -1).double().mean(1).numpy()
    off = abs(share.mean() - closed_form(one, snr_db + 0.2, False)) / (share.std() / math.sqrt(SYMBOLS))
    assert off > 3.89


@pytest.mark.parametrize("fading", [False, True], ids=["awgn", "rayleigh"])
@pytest.mark.parametrize("one", EVERY, ids=named)
def test_llrs_are_calibrated(one: Constellation, fading: bool) -> None:
    """The logistic regression of the bits on their log-MAP LLRs has the slope 1.00 +- 0.02 and no offset.

    Three SNRs; the slope is that of maximum likelihood, by Newton's method.
    """
    for offset in (-12.0, -8.0, -4.0):
        bits, y, noise = transmission(one, KNEE_DB[one.bits] + offset, fading, symbols=2**18 // min(one.bits, 4))
        llr = one.demap(y, noise).double().reshape(-1).numpy()
        design = np.stack((llr, np.ones_like(llr)))
        weights = np.array([1.0, 0.0])
        for _ in range(5):
            p = 1 / (1 + np.exp(-weights @ design))
            information = (design * p * (1 - p)) @ design.T
            weights += np.linalg.solve(information, design @ (bits.numpy().reshape(-1) - p))
        assert weights[0] == pytest.approx(1, abs=0.02)
        assert abs(weights[1]) < 0.05


def test_max_log_is_near_log_map_and_never_better() -> None:
    """Per dimension a sum over half the levels is at most that many times its greatest term.

    Cross-entropy of the bits in nats: least with log-MAP; both agree when the noise is low.
    """
    for one in EVERY:
        gap = math.log(max(1, 2**one.per_dimension // 2))
        for offset in (-15.0, 15.0):
            bits, y, noise = transmission(one, KNEE_DB[one.bits] + offset, False, symbols=4000)
            exact, nearest = one.demap(y, noise), one.demap(y, noise, "max-log")
            assert (exact - nearest).abs().max() <= gap + 1e-3
            losses = [torch.nn.functional.binary_cross_entropy_with_logits(llr, bits.float())
                      for llr in (exact, nearest)]
            assert losses[0] <= losses[1] + 1e-6
            if offset < 0 and one.bits > 2:
                assert losses[0] < losses[1]
            if offset > 0 or one.bits <= 2:
                assert (exact - nearest).abs().mean() < 1e-2


def levels(one: Constellation, place: str) -> list[int]:
    """The amplitudes on I of the labels whose I bits are 0, 1, 2, ... and whose Q bits are 0, in half distances."""
    m = one.per_dimension
    chosen = [label << m if place == "first half" else
              sum(((label >> (m - 1 - i)) & 1) << (one.bits - 1 - 2 * i) for i in range(m)) for label in range(2**m)]
    return [round(float(one.points[label].real / one.half_spacing)) for label in chosen]


def test_labels_of_802_11() -> None:
    """IEEE Std 802.11-2020, 17.3.5.8 (up to 64-QAM) and 21.3.10.9 (256-QAM): amplitudes by I bits."""
    assert torch.equal(Constellation(1).points, torch.tensor([-1, 1], dtype=torch.complex64))
    assert levels(Constellation(2), "first half") == [-1, 1]
    assert levels(Constellation(4), "first half") == [-3, -1, 3, 1]
    assert levels(Constellation(6), "first half") == [-7, -5, -1, -3, 7, 5, 1, 3]
    assert levels(Constellation(8), "first half") == [-15, -13, -9, -11, -1, -3, -7, -5, 15, 13, 9, 11, 1, 3, 7, 5]


def test_symbols_of_3gpp() -> None:
    """The formulas of TS 38.211, 5.1.2 to 5.1.6 (and 5.1.7 for 1024 points), bit by bit."""
    def amplitude(b: list[int]) -> int:
        """(1-2b0) [2^(m-1) - (1-2b2) [2^(m-2) - ...]]"""
        return (1 - 2 * b[0]) * (2 ** (len(b) - 1) - amplitude(b[1:])) if len(b) > 1 else 1 - 2 * b[0]

    for bits in SIZES[1:]:
        one = Constellation(bits, "3gpp")
        norm = math.sqrt(2 * (2**bits - 1) / 3)
        for label in range(0, 2**bits, 7):
            b = [(label >> (bits - 1 - i)) & 1 for i in range(bits)]
            expected = complex(amplitude(b[0::2]), amplitude(b[1::2])) / norm
            assert abs(complex(one.points[label]) - expected) < 1e-6
    half = 0.5**0.5
    assert torch.allclose(Constellation(1, "3gpp").points, torch.tensor([half + 1j * half, -half - 1j * half]))


@pytest.mark.parametrize("bits", SIZES[1:])
def test_3gpp_equals_sionna(bits: int) -> None:
    """Points, mapping and LLRs, "app" and "maxlog"."""
    from sionna.phy.mapping import Constellation as Theirs
    from sionna.phy.mapping import Demapper, Mapper

    one, theirs = Constellation(bits, "3gpp"), Theirs("qam", bits, device="cpu")
    assert torch.allclose(one.points, theirs.points, atol=1e-6)
    sent, y, noise = transmission(one, KNEE_DB[bits] - 6, False, symbols=500)
    assert torch.allclose(one.map(sent), Mapper(constellation=theirs, device="cpu")(sent.float()), atol=1e-6)
    for mine, name in (("log-map", "app"), ("max-log", "maxlog")):
        expected = Demapper(name, constellation=theirs, device="cpu")(y, noise)
        assert (one.demap(y, noise, mine) - expected.clamp(-LLR_MAX, LLR_MAX)).abs().max() < 1e-3


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_points_are_gray_and_of_power_one(one: Constellation) -> None:
    points = one.points
    assert (points.abs() ** 2).mean() == pytest.approx(1, abs=1e-5)
    some = torch.arange(0, len(points), max(1, len(points) // 64))
    distance = (points[some][:, None] - points[None]).abs()
    near, label = (distance < 2.1 * one.half_spacing).nonzero().T
    differing = [bin(int(some[a]) ^ int(b)).count("1") for a, b in zip(near, label, strict=True) if some[a] != b]
    assert differing and set(differing) == {1}


@pytest.mark.parametrize("one", EVERY, ids=named)
def test_the_compiled_form_equals_the_differentiable_one(one: Constellation) -> None:
    _, y, noise = transmission(one, KNEE_DB[one.bits] - 4, True, symbols=300)
    for method in ("log-map", "max-log"):
        by_torch = one.demap(y.clone().requires_grad_(), noise, method)
        assert by_torch.requires_grad
        assert (one.demap(y, noise, method) - by_torch).abs().max() < 2e-3


@pytest.mark.parametrize("method", ["log-map", "max-log"])
@pytest.mark.parametrize("one", EVERY, ids=named)
def test_no_noise_and_nothing_but_noise(one: Constellation, method: str) -> None:
    bits = (Rng.seeded(0, "edge").of(2).uniform(60 * one.bits) < 0.5).to(torch.uint8)
    x = one.map(bits)
    for noise in (0.0, 1e-30):
        llr = one.demap(x, noise, method)
        assert torch.equal((llr > 0).to(torch.uint8), bits) and (llr.abs() == LLR_MAX).all()
    assert (one.demap(x, math.inf, method) == 0).all()
    per_item = one.demap(x, torch.tensor([[0.0], [math.inf]]), method)
    assert (per_item[0].abs() == LLR_MAX).all() and (per_item[1] == 0).all()
    spoilt = x.clone()
    spoilt[0, 5] = complex(math.nan, math.nan)
    spoilt[1, 7] = complex(math.inf, -math.inf)
    erased = one.demap(spoilt, 0.1, method).reshape(2, 60, one.bits)
    assert torch.isfinite(erased).all() and (erased[0, 5] == 0).all() and (erased[1, 7] == 0).all()
    assert (one.demap(x, math.nan, method) == 0).all()
    far = one.demap(1e6 * x, 0.1, method)
    assert torch.isfinite(far).all() and (far.abs() <= LLR_MAX).all()


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="3 bits"):
        Constellation(3)
    with pytest.raises(InputError, match="wifi"):
        Constellation(2, "wifi")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="7 bits"):
        Constellation(2).map(torch.zeros(1, 7, dtype=torch.uint8))
    with pytest.raises(InputError, match="soft"):
        Constellation(2).demap(torch.zeros(1, 1, dtype=torch.complex64), 0.1, "soft")  # type: ignore[arg-type]
