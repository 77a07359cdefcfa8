"""Key rates against published values, qosst-skr and eigenvalues of covariance matrices; finite size; bad input."""

from dataclasses import replace

import numpy as np
import pytest

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.finite import Security, finite_rate, least_block, penalty
from gensc.quantum.key.cvqkd.rate import Setup, fibre, holevo_bound, key_rate, plob_bound, shared

SETUPS = [Setup(4, fibre(25)), Setup(2, fibre(10), 0.03, 0.8, 0.1, 0.9), Setup(20, 0.9, 0.002, 0.95, 0.001, 1.0),
          Setup(0.5, 0.01, 0.001, 0.4, 0.05, 0.98)]


@pytest.mark.parametrize(("km", "bits", "plob"), [(25, 0.0916266, 0.54841), (50, 0.0228661, 0.15200),
                                                  (100, 0.00196695, 0.0144996)])
def test_published_rates(km: float, bits: float, plob: float) -> None:
    setup = Setup(v_a=4, transmittance=fibre(km), xi=0.01, eta=0.6, v_el=0.01, beta=0.95)
    assert key_rate(setup).bits == pytest.approx(bits, rel=1e-6, abs=5e-8)
    assert plob_bound(setup.transmittance) == pytest.approx(plob, rel=5e-5)
    assert key_rate(setup).bits < plob_bound(setup.transmittance)


@pytest.mark.parametrize("setup", SETUPS)
@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_trusted_detector_equals_qosst(setup: Setup, detection: str) -> None:
    qosst = pytest.importorskip("qosst_skr")
    ours = replace(setup, detection=detection)
    theirs = getattr(qosst, f"GaussianTrusted{detection.capitalize()}Asymptotic").skr(
        Va=ours.v_a, T=ours.transmittance, xi=ours.xi, eta=ours.eta, Vel=ours.v_el, beta=ours.beta)
    assert key_rate(ours).bits == pytest.approx(max(theirs, 0), rel=1e-6, abs=1e-12)


def test_untrusted_homodyne_is_qosst_with_a_perfect_detector() -> None:
    """What an untrusted detector loses is the channel's; qosst divides by 1 - eta, hence the 1e-12."""
    qosst = pytest.importorskip("qosst_skr")
    ours = Setup(4, fibre(10), 0.01, 0.6, 0.01, 0.95, trusted=False)
    total = ours.eta * ours.transmittance
    theirs = qosst.GaussianTrustedHomodyneAsymptotic.skr(Va=4, T=total, xi=0.01 + 0.01 / total, eta=1 - 1e-12, Vel=0,
                                                         beta=0.95)
    assert key_rate(ours).bits == pytest.approx(theirs, rel=1e-6)


def entropy(covariance: np.ndarray) -> float:
    """Von Neumann entropy in bits of a Gaussian state, by the eigenvalues of i Omega Gamma."""
    modes = len(covariance) // 2
    omega = np.kron(np.eye(modes), [[0, 1], [-1, 0]])
    values = np.sort(np.abs(np.linalg.eigvals(1j * omega @ covariance)))[::2]
    mean = np.maximum((values - 1) / 2, 1e-15)
    return float(((mean + 1) * np.log2(mean + 1) - mean * np.log2(mean)).sum())


def holevo(setup: Setup) -> float:
    """chi_BE of a perfect detector from the 4 x 4 covariance matrix of the entangled picture and its conditioning."""
    t, v = setup.transmittance, setup.v_a + 1
    z = np.sqrt(t * (v * v - 1)) * np.diag([1.0, -1.0])
    out = (t * (v - 1) + 1 + t * setup.xi) * np.eye(2)
    whole = np.block([[v * np.eye(2), z], [z, out]])
    measured = np.diag([1 / out[0, 0], 0]) if setup.detection == "homodyne" else np.linalg.inv(out + np.eye(2))
    return entropy(whole) - entropy(v * np.eye(2) - z @ measured @ z)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
@pytest.mark.parametrize("setup", SETUPS)
def test_untrusted_detector_by_covariance_matrices(setup: Setup, detection: str) -> None:
    ours = replace(setup, detection=detection, trusted=False)
    perfect = replace(ours, transmittance=ours.eta * ours.transmittance, eta=1.0, v_el=0.0,
                      xi=ours.xi + ours.reals * ours.v_el / (ours.eta * ours.transmittance))
    assert holevo_bound(ours) == pytest.approx(holevo(perfect), rel=1e-6)
    assert shared(ours) == pytest.approx(shared(perfect), rel=1e-9)
    assert key_rate(ours).bits <= key_rate(replace(ours, trusted=True)).bits


def test_no_noise_and_no_loss_leave_eve_nothing() -> None:
    perfect = Setup(3, 1.0, 0.0, 1.0, 0.0, 1.0)
    assert holevo_bound(perfect) == pytest.approx(0, abs=1e-9)
    assert key_rate(perfect).bits == pytest.approx(0.5 * np.log2(4))
    assert plob_bound(1.0) == np.inf


def test_too_much_noise_gives_no_key_and_says_why() -> None:
    rate = key_rate(Setup(4, fibre(50), xi=0.5))
    assert rate.bits == 0
    assert rate.reason is not None and "Eve" in rate.reason
    assert least_block(Setup(4, fibre(50), xi=0.5)) is None


def test_finite_rate_grows_with_the_block_towards_the_asymptotic() -> None:
    setup = Setup(4, fibre(25))
    rates = [finite_rate(setup, pulses).bits for pulses in (10**6, 10**7, 10**9, 10**12, 10**16)]
    assert rates == sorted(rates) and rates[0] == 0 and rates[1] > 0
    assert rates[-1] == pytest.approx(key_rate(setup).bits / 2, rel=1e-3)
    assert finite_rate(setup, 10**6).reason is not None


def test_penalty_by_hand() -> None:
    """7 sqrt(log2(2e10)/1e6) + 2e-6 log2(1e10) for homodyne, 11 in place of 7 for heterodyne detection."""
    assert penalty(10**6, 1, Security()) == pytest.approx(7 * np.sqrt(34.2193 / 1e6) + 2e-6 * 33.2193, rel=1e-5)
    assert penalty(10**6, 2, Security()) == pytest.approx(11 * np.sqrt(34.2193 / 1e6) + 2e-6 * 33.2193, rel=1e-5)


@pytest.mark.parametrize("detection", ["homodyne", "heterodyne"])
def test_least_block_is_where_the_key_begins(detection: str) -> None:
    setup = Setup(4, fibre(25), detection=detection)
    block = least_block(setup)
    assert block is not None
    assert finite_rate(setup, block).bits > 0
    assert finite_rate(setup, round(0.9 * block)).bits == 0


@pytest.mark.parametrize("bad", [{"transmittance": 0}, {"transmittance": 1.01}, {"eta": 0}, {"eta": -0.1},
                                 {"eta": float("nan")}, {"beta": 1.1}, {"xi": -0.01}, {"v_el": -1}, {"v_a": 0},
                                 {"v_a": float("inf")}, {"xi": float("nan")}, {"detection": "photon counting"}])
def test_bad_setups_are_refused_by_name(bad: dict) -> None:
    with pytest.raises(InputError, match=next(iter(bad))):
        Setup(**{"v_a": 4, "transmittance": 0.5, **bad})


@pytest.mark.parametrize("call", [lambda: fibre(-1), lambda: fibre(1, -0.2), lambda: plob_bound(0),
                                  lambda: finite_rate(SETUPS[0], 10**6, 1.0), lambda: finite_rate(SETUPS[0], 10),
                                  lambda: Security(estimation=0)])
def test_bad_numbers_are_refused(call) -> None:
    with pytest.raises(InputError, match=r"give|needs"):
        call()
