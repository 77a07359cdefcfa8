"""Simulated pulses and what is estimated from them: moments, coverage of intervals, worst case, attack, bad input."""

from dataclasses import replace

import numpy as np
import pytest

from gensc.errors import InputError
from gensc.quantum.key.cvqkd import pulses as module
from gensc.quantum.key.cvqkd.attack import InterceptResend
from gensc.quantum.key.cvqkd.estimate import Estimate, Moments, estimate, expected, worst_case_quantile
from gensc.quantum.key.cvqkd.pulses import transmit
from gensc.quantum.key.cvqkd.rate import Setup, fibre, key_rate
from gensc.rng import Rng

SETUP = Setup(4, fibre(10), xi=0.04, eta=0.6, v_el=0.05)


def seen(setup: Setup, pulses: int, seed: int, attack: InterceptResend | None = None) -> Estimate:
    moments = Moments()
    for chunk in transmit(setup, pulses, Rng.seeded(seed, "test"), attack):
        moments += Moments.of(chunk.alice.ravel(), chunk.bob.ravel())
    return estimate(moments, setup)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_pulses_have_the_moments_of_the_link(detection: str) -> None:
    setup = replace(SETUP, detection=detection)
    chunks = list(transmit(setup, 300_000, Rng.seeded(1)))
    x, y = (np.concatenate([getattr(chunk, name) for chunk in chunks]).astype(float) for name in ("alice", "bob"))
    assert x.shape == y.shape == (300_000, setup.reals)
    error = 5 * np.sqrt(2 / x.size)
    through = 0.6 * fibre(10) / setup.reals
    assert x.var() == pytest.approx(4, rel=error)
    assert y.var() == pytest.approx(through * (4 + 0.04) + 1 + 0.05, rel=error)
    assert (x * y).mean() == pytest.approx(np.sqrt(through) * 4, rel=2 * error)
    assert setup.snr == pytest.approx(through * 4 / (1.05 + through * 0.04))


def test_pulses_are_the_same_however_many_follow() -> None:
    short = next(transmit(SETUP, 1000, Rng.seeded(3)))
    long = next(transmit(SETUP, module.CHUNK + 1, Rng.seeded(3)))
    assert len(long.bob) == module.CHUNK
    np.testing.assert_array_equal(short.bob, long.bob[:1000])
    np.testing.assert_array_equal(short.alice, long.alice[:1000])


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_intervals_cover_the_truth_as_often_as_they_say(detection: str) -> None:
    """400 blocks: 90 % intervals of T and of xi hold the truth in 360 +- 5 standard deviations (30) of them."""
    setup = replace(SETUP, detection=detection)
    x, y = (np.concatenate([getattr(one, name) for one in transmit(setup, 400 * 2500, Rng.seeded(4))])
            for name in ("alice", "bob"))
    blocks = [estimate(Moments.of(a.ravel(), b.ravel()), setup)
              for a, b in zip(np.split(x, 400), np.split(y, 400), strict=True)]
    by_t = [one.transmittance_interval(0.9) for one in blocks]
    by_xi = [one.xi_interval(0.9) for one in blocks]
    assert abs(sum(low < setup.transmittance < high for low, high in by_t) - 360) < 30
    assert abs(sum(low < setup.xi < high for low, high in by_xi) - 360) < 30
    # the worst case fails for either of its bounds with epsilon / 2: at 0.1, 20 of 400 each
    least = [one.worst(0.1) for one in blocks]
    assert abs(sum(w.transmittance > setup.transmittance for w in least) - 20) < 5 * np.sqrt(19)


def test_worst_case_by_hand() -> None:
    """Leverrier et al.: t_min = t - 6.5 sqrt(s2/(m V_A)), s2_max = s2 + 6.5 s2 sqrt(2/m) at epsilon 1e-10."""
    assert worst_case_quantile(1e-10) == pytest.approx(6.467, abs=1e-3)
    given = expected(SETUP, 10**6)
    worst = given.worst(1e-10)
    z = worst_case_quantile(1e-10)
    t_min = np.sqrt(SETUP.gain) - z * np.sqrt(SETUP.noise / 4e6)
    noise = SETUP.noise * (1 + z * np.sqrt(2e-6))
    assert worst.transmittance == pytest.approx(t_min**2 / 0.6)
    assert worst.noise == pytest.approx(noise)
    assert key_rate(worst).bits < key_rate(SETUP).bits
    assert expected(replace(SETUP, transmittance=1e-6), 1000).worst() is None


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
@pytest.mark.parametrize("fraction", [0.0, 0.25, 1.0])
def test_intercept_resend_adds_twice_its_part_in_excess_noise(detection: str, fraction: float) -> None:
    setup = replace(SETUP, detection=detection)
    given = seen(setup, 400_000, 5, InterceptResend(fraction))
    low, high = given.xi_interval(0.9999)
    assert low < setup.xi + 2 * fraction < high
    assert high - low < 0.25
    assert given.transmittance == pytest.approx(setup.transmittance, rel=0.02)


def test_the_attack_is_seen_and_leaves_no_key() -> None:
    quiet, attacked = seen(SETUP, 400_000, 6), seen(SETUP, 400_000, 6, InterceptResend(0.1))
    assert attacked.xi_interval(0.999)[0] > quiet.xi_interval(0.999)[1]
    assert key_rate(replace(SETUP, xi=attacked.xi)).bits < 0.5 * key_rate(SETUP).bits
    assert key_rate(replace(SETUP, xi=seen(SETUP, 400_000, 6, InterceptResend(1.0)).xi)).bits == 0


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="fraction"):
        InterceptResend(1.5)
    with pytest.raises(InputError, match="pulses is 0"):
        next(transmit(SETUP, 0, Rng.seeded(0)))
    with pytest.raises(InputError, match="reveal 100"):
        estimate(Moments.of(np.ones(10), np.ones(10)), SETUP)
    with pytest.raises(InputError, match="without modulation"):
        estimate(Moments.of(np.zeros(1000), np.ones(1000)), SETUP)
    with pytest.raises(InputError, match="same pulses"):
        Moments.of(np.ones(3), np.ones(4))
    with pytest.raises(InputError, match="epsilon"):
        expected(SETUP, 1000).worst(0)
    with pytest.raises(InputError, match="confidence"):
        expected(SETUP, 1000).xi_interval(1.0)
