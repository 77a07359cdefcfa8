"""A whole run of CV-QKD: from simulated pulses to the same key at both ends, or the reason why there is none."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

import numpy as np

from gensc.errors import InputError
from gensc.quantum.key.cvqkd import reconcile
from gensc.quantum.key.cvqkd.amplify import toeplitz
from gensc.quantum.key.cvqkd.attack import InterceptResend
from gensc.quantum.key.cvqkd.code import Code, code
from gensc.quantum.key.cvqkd.estimate import Estimate, Moments, estimate
from gensc.quantum.key.cvqkd.finite import Security, least_block, worst_case_rate
from gensc.quantum.key.cvqkd.pulses import Pulses, transmit
from gensc.quantum.key.cvqkd.rate import KeyRate, Setup
from gensc.rng import Rng


@dataclass(frozen=True)
class Plan:
    """What to run: the ``setup`` (its transmittance and xi are the simulated channel's, its beta is not used: the
    code's own comes out), how many ``pulses``, which part of them is ``revealed`` for estimation, the code and its
    lifting ``z``, the decoder's most ``iterations`` and the failure probabilities."""

    setup: Setup
    pulses: int
    revealed: float = 0.5
    code_rate: str = "1/5"
    z: int = 2500
    iterations: int = 200
    security: Security = field(default_factory=Security)

    def __post_init__(self) -> None:
        if not 0 < self.revealed < 1:
            raise InputError(f"revealed is {self.revealed}: give the part of the pulses for estimation, in (0, 1)")
        kept = self.setup.reals * self.pulses * (1 - self.revealed)
        frame = code(self.code_rate, self.z).n
        if kept < frame:
            raise InputError(f"{self.pulses} pulses leave {kept:.0f} values for the key, a frame takes {frame}: send "
                             f"{math.ceil(frame / self.setup.reals / (1 - self.revealed))} or more, or take a lower z")


@dataclass(frozen=True)
class Session:
    """What came of a run. ``given`` is the estimate (T, xi, their intervals), ``worst`` the worst channel it allows.

    ``efficiency`` is beta = code rate over capacity at the estimated SNR; ``frames`` were reconciled, of which
    ``failed`` were lost (not decoded, or with another tag); ``leaked`` bits of the kept frames are public (syndromes
    and tags). ``rate.bits`` is the final key per sent pulse. The keys are equal; where there is none they are empty
    and ``rate.reason`` says why, and ``block`` how many pulses would do by the estimate (None: no number).
    """

    plan: Plan
    given: Estimate
    worst: Setup | None
    efficiency: float
    rate: KeyRate
    frames: int = 0
    failed: int = 0
    iterations: float = 0.0
    leaked: int = 0
    block: int | None = None
    alice_key: bytes = field(default=b"", repr=False)
    bob_key: bytes = field(default=b"", repr=False)

    @property
    def key_bits(self) -> int:
        """Length of the key."""
        return 8 * len(self.bob_key)


def matched(setup: Setup, code_rate: float, beta: float) -> Setup:
    """``setup`` with the modulation variance at which a code of ``code_rate`` has the efficiency ``beta``."""
    if not 0 < code_rate < 1:
        raise InputError(f"code_rate is {code_rate}: give a rate between 0 and 1, e.g. 0.1")
    changed = replace(setup, beta=beta)
    snr = 2 ** (2 * code_rate / beta) - 1
    return replace(changed, v_a=snr * changed.noise / changed.gain)


def run(plan: Plan, rng: Rng, attack: InterceptResend | None = None,
        secret: Callable[[int], bytes] = os.urandom) -> Session:
    """Run ``plan``: pulses, estimation, reconciliation, verification, privacy amplification.

    Bob's bits and the seeds of both hashes, of tags and of amplification, come from ``secret``, which gives that many
    bytes: the operating system's unless a run must come out again. The pulses, which quadrature is measured and which
    pulses are revealed are drawn from ``rng``, whose seed must then be as secret. Everything happens in one process
    over simulated pulses and an ideal authenticated public channel: the key is as secret as the machine. Memory:
    8 bytes for each value kept for the key, 0.5 GB in all at 1e7 pulses.
    """
    moments, alice, bob = _sift(transmit(plan.setup, plan.pulses, rng.child("pulses"), attack), plan, rng)
    given = estimate(moments, plan.setup)
    use = code(plan.code_rate, plan.z)
    frames = len(alice) // use.n
    efficiency = use.rate / (0.5 * math.log2(1 + given.snr))
    worst = given.worst(plan.security.estimation)
    rate = _rate(plan, given, efficiency, frames * use.n)
    told = Session(plan, given, worst, efficiency, rate)
    if rate.bits <= 0:
        return _without(told)
    ends, iterations = _reconciled(plan, use, given, alice[:frames * use.n].reshape(frames, use.n),
                                   bob[:frames * use.n].reshape(frames, use.n), secret)
    tag = tag_length(plan.security, frames)
    kept = len(ends)
    rate = _rate(plan, given, efficiency, kept * use.n)
    length = math.floor(rate.bits * kept * use.n / plan.setup.reals - kept * tag) // 8 * 8
    told = replace(told, rate=replace(rate, bits=max(length, 0) / plan.pulses), frames=frames, failed=frames - kept,
                   iterations=iterations, leaked=kept * (use.checks + tag))
    if length <= 0:
        return _without(told)
    seed = _bits(secret, kept * use.core_bits + length - 1)
    alice_key, bob_key = (np.packbits(toeplitz(np.concatenate(words), seed, length)).tobytes()
                          for words in zip(*ends, strict=True))
    return replace(told, alice_key=alice_key, bob_key=bob_key)


def tag_length(security: Security, frames: int) -> int:
    """Bits of a frame's tag, so that ``frames`` tags together let a wrong frame pass with ``verification`` at most."""
    return math.ceil(math.log2(max(frames, 1) / security.verification))


def _sift(sent: Iterable[Pulses], plan: Plan, rng: Rng) -> tuple[Moments, np.ndarray, np.ndarray]:
    """The sums of the revealed pulses, drawn at random, and the values [n] of Alice and Bob of the others."""
    moments, alice, bob = Moments(), [], []
    for chunk, pulses in enumerate(sent):
        order = rng.child("sift", chunk).permutation(len(pulses.alice))
        known, kept = np.split(order, [round(len(order) * plan.revealed)])
        moments += Moments.of(pulses.alice[known].ravel(), pulses.bob[known].ravel())
        alice.append(pulses.alice[kept].ravel())
        bob.append(pulses.bob[kept].ravel())
    return moments, np.concatenate(alice), np.concatenate(bob)


def _reconciled(plan: Plan, use: Code, given: Estimate, alice: np.ndarray, bob: np.ndarray,
                secret: Callable[[int], bytes]) -> tuple[list[tuple[np.ndarray, np.ndarray]], float]:
    """The core bits, as Alice found them and as Bob drew them, of the frames whose tags agree, and the mean number
    of iterations. Bits of the extension follow from these and what is public: they hold no more secret."""
    tag = tag_length(plan.security, len(bob))
    ends, iterations = [], 0
    for frame in range(len(bob)):
        word = _bits(secret, use.n)[None]
        told = reconcile.tell(use, bob[frame:frame + 1], word)
        found = reconcile.find(use, alice[frame:frame + 1], told, given.slope, given.noise, plan.iterations)
        iterations += int(found.iterations[0])
        seed = _bits(secret, use.core_bits + tag - 1)
        mine, theirs = found.bits[0], word[0, :use.core_bits]
        if found.ok[0] and np.array_equal(toeplitz(mine, seed, tag), toeplitz(theirs, seed, tag)):
            ends.append((mine, theirs))
    return ends, iterations / len(bob)


def _rate(plan: Plan, given: Estimate, efficiency: float, values: int) -> KeyRate:
    """Key bits per pulse of the frames that ``values`` values filled."""
    if values == 0:
        return KeyRate(0.0, 0.0, 0.0, reason=f"no frame was decoded: at an SNR of {given.snr:.4g} the code asks for "
                                             f"an efficiency of {efficiency:.3f}; raise v_a or take a lower code_rate")
    return worst_case_rate(given, efficiency, values // plan.setup.reals, plan.security)


def _without(told: Session) -> Session:
    """A session without a key, with the block that would have one if the estimate were the truth."""
    reason = told.rate.reason or "what the frames hold beyond Eve's knowledge is less than their tags"
    given = told.given
    block = None
    if 0 < told.efficiency <= 1 and 0 < given.transmittance <= 1:
        seen = replace(told.plan.setup, transmittance=given.transmittance, xi=max(given.xi, 0.0),
                       beta=told.efficiency)
        block = least_block(seen, told.plan.revealed, told.plan.security)
    return replace(told, rate=replace(told.rate, bits=0.0, reason=reason), block=block)


def _bits(secret: Callable[[int], bytes], count: int) -> np.ndarray:
    """Fair bits uint8 [count]."""
    return np.unpackbits(np.frombuffer(secret(math.ceil(count / 8)), dtype=np.uint8))[:count]
