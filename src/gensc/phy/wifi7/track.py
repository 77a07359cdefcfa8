"""Following carrier and clock through the data field by its pilots."""

from __future__ import annotations

import numpy as np

_CLOCK_REACH = 60e-6
_CLOCK_SPREAD = 30e-6
"""Standard deviation of the clock offsets expected of real oscillators; pilots of a long frame overrule it."""
_STEADY = 200.0
"""Pilot energy over noise that a phase estimate is averaged over: a phase error of 0.05 rad or less."""


def clock_and_turn(seen: np.ndarray, anchor: float, noise: float, lever: np.ndarray, spread: float,
                   near: bool = False) -> tuple[float, float]:
    """Clock offset and carrier phase a symbol (radians) that fit pilots ``seen`` complex [T, P] best.

    ``seen`` = received times the conjugate of gain and pilot; ``anchor``: the same sum over EHT-LTF, one symbol
    earlier, at phase 0. ``lever`` [P]: radians a symbol by which a clock offset of 1 turns each pilot. ``spread``:
    standard deviation of the carrier phase a symbol expected from the preamble. Maximum a posteriori: a grid over clock
    offsets, an FFT over carrier offsets, then Gauss-Newton steps on phase, carrier and clock together. ``near``: both
    are all but taken out, and the steps alone will do.
    """
    found = (0.0, 0.0) if near else _on_grid(seen, anchor, noise, lever, spread)
    for _ in range(1 if near else 3):
        found = _newton(seen, anchor, noise, lever, spread, *found)
    return found


def _on_grid(seen: np.ndarray, anchor: float, noise: float, lever: np.ndarray, spread: float) -> tuple[float, float]:
    symbols = len(seen)
    t = np.arange(1, symbols + 1)
    step = 1.0 / (symbols * float(np.abs(lever).max()))
    count = int(np.ceil(_CLOCK_REACH / step))
    clocks = np.linspace(-_CLOCK_REACH, _CLOCK_REACH, 2 * count + 1)
    size = 4 << int(symbols).bit_length()
    turns = 2 * np.pi * np.fft.fftfreq(size)
    prior = np.where(np.abs(turns) < 8 * spread + 2 * np.pi / size, -(turns**2) / (2 * spread**2), -np.inf)
    best, found = -np.inf, (0.0, 0.0)
    row = np.zeros(symbols + 1, dtype=np.complex128)
    row[0] = anchor
    for clock in clocks:
        row[1:] = np.sum(seen * np.exp(-1j * clock * t[:, None] * lever), axis=1)
        score = 2 / noise * np.abs(np.fft.fft(row, size)) + prior
        top = int(np.argmax(score))
        value = score[top] - clock**2 / (2 * _CLOCK_SPREAD**2)
        if value > best:
            best, found = value, (float(clock), float(turns[top]))
    return found


def _newton(seen: np.ndarray, anchor: float, noise: float, lever: np.ndarray, spread: float,
            clock: float, turn: float) -> tuple[float, float]:
    """One Gauss-Newton step on (phase, carrier, clock) of the log likelihood with its priors."""
    t = np.arange(1, len(seen) + 1)[:, None]
    left = seen * np.exp(-1j * t * (turn + clock * lever))
    phase = np.angle(anchor + left.sum())
    left = left * np.exp(-1j * phase)
    weight = np.maximum(left.real, 0).reshape(-1)
    turns = np.broadcast_to(t, left.shape).reshape(-1)
    basis = np.stack([np.ones_like(weight), turns, (t * lever).reshape(-1)])
    matrix = (basis * weight) @ basis.T * 2 / noise
    pull = basis @ left.imag.reshape(-1) * 2 / noise
    matrix[0, 0] += 2 / noise * anchor + 1e-6
    pull[0] += 2 / noise * float(np.imag(anchor * np.exp(-1j * phase)))
    matrix[1, 1] += 1 / spread**2
    pull[1] -= turn / spread**2
    matrix[2, 2] += 1 / _CLOCK_SPREAD**2
    pull[2] -= clock / _CLOCK_SPREAD**2
    scale = 1 / np.sqrt(np.diag(matrix))
    step = scale * np.linalg.solve(matrix * scale * scale[:, None], scale * pull)
    return float(np.clip(clock + step[2], -2 * _CLOCK_REACH, 2 * _CLOCK_REACH)), turn + float(step[1])


def phases(seen: np.ndarray, anchor: float, noise: float) -> np.ndarray:
    """The common phase of each symbol, float64 [T], from pilots ``seen`` [T, P] and the anchor one symbol earlier.

    A sliding sum over as many symbols as the noise asks for: few where the pilots are clear, so that phase
    noise is followed, many where they are not.
    """
    total = np.concatenate([[anchor], seen.sum(axis=1)])
    energy = max(float(np.mean(np.abs(total[1:]))) / noise, 1e-3)
    half = int(np.clip(np.ceil(_STEADY / energy / 2), 2, len(total)))
    cumulative = np.concatenate([[0], np.cumsum(total)])
    at = np.arange(1, len(total))
    low, high = np.maximum(at - half, 0), np.minimum(at + half + 1, len(total))
    return np.angle(cumulative[high] - cumulative[low])
