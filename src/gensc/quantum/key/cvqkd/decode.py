"""Layered sum-product decoding towards a given syndrome, a whole circulant at a time in vector registers.

Min-sum, which serves at the rates of radio links, loses too much where every bit carries a few per cent of a bit.
Layered schedule: D. E. Hocevar, SiPS 2004.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gensc.errors import InputError
from gensc.machine.jit import kernel
from gensc.phy.threads import in_threads
from gensc.quantum.key.cvqkd.code import Code

ONE, TWO = np.float32(1), np.float32(2)
# tanh is 1 in float32 not far above; a message that certain is never needed
MOST = np.float32(1 - 2e-6)
FOUR = np.float32(4.6)
# The core has words of a few bits, which the extension takes some iterations to tell from the right ones.
HOLD = 4


@dataclass(frozen=True)
class Decoded:
    """Core bits uint8 [B, core_bits], ``ok`` bool [B] (every check holds), ``iterations`` int32 [B]."""

    bits: np.ndarray
    ok: np.ndarray
    iterations: np.ndarray


def decode(code: Code, llr: np.ndarray, syndrome: np.ndarray, iterations: int = 200) -> Decoded:
    """The words of ``syndrome`` uint8 [B, checks] that ``llr`` float32 [B, n] = log p(1)/p(0) points to.

    A frame stops when the core's checks have held for HOLD iterations; the extension's bits follow from the core's.
    """
    if llr.ndim != 2 or llr.shape[1] != code.n or syndrome.shape != (len(llr), code.checks):
        raise InputError(f"the code {code.name} takes LLRs [B, {code.n}] and syndromes [B, {code.checks}], got "
                         f"{list(llr.shape)} and {list(syndrome.shape)}")
    if iterations < 1:
        raise InputError(f"iterations is {iterations}: a decoder needs 1 or more, e.g. 200")
    given = np.ascontiguousarray(llr, dtype=np.float32)
    bits = np.empty((len(llr), code.core_bits), dtype=np.uint8)
    ok = np.zeros(len(llr), dtype=np.bool_)
    used = np.zeros(len(llr), dtype=np.int32)

    def work(part: slice) -> None:
        for one in range(part.start, part.stop):
            used[one] = _decode(given[one], syndrome[one], code.starts, code.column, code.shift, code.z,
                                code.core_rows, code.core_bits, iterations, bits[one])
            ok[one] = used[one] > 0

    in_threads(work, len(llr), at_least=1)
    return Decoded(bits, ok, np.abs(used))


@kernel
def _decode(llr: np.ndarray, syndrome: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray, z: int,
            core_rows: int, core_bits: int, iterations: int, bits: np.ndarray) -> int:
    """Fill in ``bits``; returns the iterations taken, negative where the checks do not hold."""
    # inside the decoder the field's other sign holds: log p(0)/p(1)
    belief = -llr[:core_bits]
    message = np.zeros(len(column) * z, dtype=np.float32)
    front = np.ones(len(syndrome), dtype=np.float32)
    front[core_rows * z:] = -llr[core_bits:]
    _tanh_half(front[core_rows * z:])
    for i in range(len(front)):
        front[i] = -front[i] if syndrome[i] else front[i]
    iteration = held = 0
    while iteration < iterations and held < HOLD:
        _iterate(belief, message, front, starts, column, shift, z)
        held = held + 1 if _holds(belief, syndrome, starts, column, shift, z, core_rows) else 0
        iteration += 1
    for i in range(core_bits):
        bits[i] = belief[i] < 0
    return iteration if held == HOLD else -iteration


@kernel
def _iterate(belief: np.ndarray, message: np.ndarray, front: np.ndarray, starts: np.ndarray, column: np.ndarray,
             shift: np.ndarray, z: int) -> None:
    """One iteration: every block row takes its old messages from the beliefs and adds its new ones."""
    most = np.max(starts[1:] - starts[:-1])
    extrinsic = np.empty((most, z), dtype=np.float32)
    tangent = np.empty((most, z), dtype=np.float32)
    running = np.empty(z, dtype=np.float32)
    for row in range(len(starts) - 1):
        first, degree = starts[row], starts[row + 1] - starts[row]
        running[:] = front[row * z:(row + 1) * z]
        for j in range(degree):
            edge = first + j
            base, cut = column[edge] * z, z - shift[edge]
            old = message[edge * z:(edge + 1) * z]
            _subtract(belief[base + shift[edge]:base + z], old[:cut], extrinsic[j, :cut])
            _subtract(belief[base:base + shift[edge]], old[cut:], extrinsic[j, cut:])
            tangent[j] = extrinsic[j]
            _tanh_half(tangent[j])
            # the product of what comes before the edge waits in the place of its new message
            old[:] = running
            _multiply(running, tangent[j])
        running[:] = ONE
        for j in range(degree - 1, -1, -1):
            edge = first + j
            base, cut = column[edge] * z, z - shift[edge]
            new = message[edge * z:(edge + 1) * z]
            _multiply(new, running)
            _multiply(running, tangent[j])
            _twice_atanh(new)
            _add(extrinsic[j, :cut], new[:cut], belief[base + shift[edge]:base + z])
            _add(extrinsic[j, cut:], new[cut:], belief[base:base + shift[edge]])


@kernel
def _subtract(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = a[i] - b[i]


@kernel
def _add(a: np.ndarray, b: np.ndarray, out: np.ndarray) -> None:
    for i in range(len(out)):
        out[i] = a[i] + b[i]


@kernel
def _multiply(a: np.ndarray, b: np.ndarray) -> None:
    for i in range(len(a)):
        a[i] *= b[i]


@kernel
def _tanh_half(x: np.ndarray) -> None:
    """tanh(x/2) in place: Lambert's continued fraction at x/4, then the double-angle formula."""
    for i in range(len(x)):
        y = x[i] * np.float32(0.25)
        y = y if y < FOUR else FOUR
        y = y if y > -FOUR else -FOUR
        s = y * y
        up = y * (np.float32(135135) + s * (np.float32(17325) + s * (np.float32(378) + s)))
        down = np.float32(135135) + s * (np.float32(62370) + s * (np.float32(3150) + s * np.float32(28)))
        # 2 t / (1 + t^2) with t = up / down
        x[i] = TWO * up * down / (down * down + up * up)


@kernel
def _twice_atanh(t: np.ndarray) -> None:
    """2 atanh(t) = log((1+t)/(1-t)) in place: the exponent's bits, and a series for the mantissa."""
    ratio = np.empty(len(t), dtype=np.float32)
    raw = ratio.view(np.int32)
    exponent = np.empty(len(t), dtype=np.int32)
    for i in range(len(t)):
        x = t[i]
        x = x if x < MOST else MOST
        x = x if x > -MOST else -MOST
        ratio[i] = (ONE + x) / (ONE - x)
    for i in range(len(t)):
        # the nearest power of 2, so that the mantissa lies around 1
        exponent[i] = (raw[i] - np.int32(0x3F3504F3)) >> np.int32(23)
        raw[i] -= exponent[i] << np.int32(23)
    for i in range(len(t)):
        s = (ratio[i] - ONE) / (ratio[i] + ONE)
        q = s * s
        series = np.float32(2) + q * (np.float32(2 / 3) + q * (np.float32(2 / 5) + q * np.float32(2 / 7)))
        t[i] = s * series + np.float32(exponent[i]) * np.float32(0.6931472)


@kernel
def _holds(belief: np.ndarray, syndrome: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray, z: int,
           core_rows: int) -> bool:
    """Whether the hard decisions have the core's part of the syndrome."""
    odd = np.empty(z, dtype=np.uint8)
    for row in range(core_rows):
        odd[:] = syndrome[row * z:(row + 1) * z]
        for edge in range(starts[row], starts[row + 1]):
            base, cut = column[edge] * z, z - shift[edge]
            for i in range(cut):
                odd[i] ^= belief[base + shift[edge] + i] < 0
            for i in range(cut, z):
                odd[i] ^= belief[base + i - cut] < 0
        if odd.any():
            return False
    return True
