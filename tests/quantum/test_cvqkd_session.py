"""Runs from pulses to key: equal keys of the stated length, reasons where there is none, an attack, bad input."""

import math
from dataclasses import replace

import numpy as np
import pytest

from gensc.errors import InputError
from gensc.quantum.key.cvqkd.attack import InterceptResend
from gensc.quantum.key.cvqkd.finite import Security
from gensc.quantum.key.cvqkd.rate import Setup, fibre, holevo_bound
from gensc.quantum.key.cvqkd.session import Plan, Session, matched, run, tag_length
from gensc.rng import Rng

SHORT = Plan(matched(Setup(1, fibre(5)), 0.2, 0.9), pulses=1_000_000, revealed=0.5, code_rate="1/5", z=256)


def again(plan: Plan, attack: InterceptResend | None = None, seed: int = 1) -> Session:
    """A run that comes out again, Bob's bits too."""
    return run(plan, Rng.seeded(seed, "session"), attack, np.random.default_rng(seed).bytes)


@pytest.fixture(scope="module")
def short() -> Session:
    return again(SHORT)


def test_both_ends_hold_the_same_key(short: Session) -> None:
    assert short.alice_key == short.bob_key
    assert short.key_bits == 8 * len(short.bob_key) > 1000
    assert abs(np.unpackbits(np.frombuffer(short.bob_key, dtype=np.uint8)).mean() - 0.5) < 4 / short.key_bits**0.5
    assert short.rate.reason is None
    assert short.rate.bits == pytest.approx(short.key_bits / SHORT.pulses)


def test_the_figures_of_a_run_agree(short: Session) -> None:
    frame = 200 * 256
    assert short.frames == 500_000 // frame
    assert 0.88 < short.efficiency < 0.92
    assert short.failed / short.frames < 0.5
    kept = short.frames - short.failed
    tag = tag_length(SHORT.security, short.frames)
    assert short.leaked == kept * (160 * 256 + tag)
    delta = 7 * math.sqrt(math.log2(2e10) / (kept * frame)) + 2 / (kept * frame) * math.log2(1e10)
    bits = kept * frame * (1 - 0.8 - holevo_bound(short.worst) - delta) - kept * tag
    assert short.key_bits == pytest.approx(bits, abs=9)
    low, high = short.given.xi_interval(0.9999)
    assert low < 0.01 < high
    low, high = short.given.transmittance_interval(0.9999)
    assert low < fibre(5) < high


def test_a_run_comes_out_again(short: Session) -> None:
    assert again(SHORT) == short


def test_secret_bits_decide_the_key(short: Session) -> None:
    """The same pulses and public randomness with other bits of Bob give another key."""
    other = run(SHORT, Rng.seeded(1, "session"))
    assert other.alice_key == other.bob_key != short.bob_key


def test_heterodyne_detection_gives_a_key() -> None:
    plan = replace(SHORT, setup=matched(Setup(1, fibre(2), detection="heterodyne"), 0.2, 0.9), pulses=600_000)
    done = again(plan)
    assert done.frames == 600_000 // (200 * 256)
    assert done.alice_key == done.bob_key != b""


def test_the_attack_is_seen_and_stops_the_key() -> None:
    done = again(SHORT, InterceptResend(1.0))
    assert done.bob_key == done.alice_key == b""
    assert done.given.xi_interval(0.999)[0] > 1.5
    assert done.rate.bits == 0 and "Eve" in done.rate.reason
    assert done.block is None


def test_too_few_pulses_name_the_block_that_would_do() -> None:
    plan = replace(SHORT, setup=matched(Setup(1, fibre(25)), 0.2, 0.9))
    done = again(plan)
    assert done.key_bits == 0 and done.frames == 0
    assert "finite block" in done.rate.reason
    assert done.block > plan.pulses


def test_an_efficiency_beyond_the_code_loses_every_frame() -> None:
    plan = replace(SHORT, setup=matched(Setup(1, fibre(5)), 0.2, 1.0), iterations=30)
    done = again(plan)
    assert done.failed == done.frames > 0
    assert done.rate.bits == 0 and "no frame was decoded" in done.rate.reason


def test_tags_share_the_failure_probability() -> None:
    assert 2.0 ** -tag_length(Security(), 5) * 5 <= 1e-10


@pytest.mark.slow
def test_ten_million_pulses_over_25_km() -> None:
    plan = Plan(matched(Setup(1, fibre(25)), 0.2, 0.92), pulses=10**7)
    done = again(plan)
    assert done.alice_key == done.bob_key
    assert done.efficiency > 0.91
    assert done.key_bits > 50_000


def test_bad_input_is_refused() -> None:
    with pytest.raises(InputError, match="revealed"):
        replace(SHORT, revealed=1.0)
    with pytest.raises(InputError, match="a frame takes"):
        replace(SHORT, pulses=1000)
    with pytest.raises(InputError, match="code_rate"):
        matched(Setup(1, 0.5), 1.0, 0.9)
