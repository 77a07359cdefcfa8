"""The layered normalised min-sum decoder for the CPU: frames side by side in the lanes of vector registers.

Layered schedule: D. E. Hocevar, "A reduced complexity decoder architecture via layered decoding of LDPC codes",
SiPS 2004. Normalised min-sum: J. Chen and M. Fossorier, IEEE Trans. Commun. 50(3), 2002. A lane whose frame is
done takes the next frame, so a frame that needs every iteration holds up no other.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from gensc.machine.jit import kernel
from gensc.phy.threads import in_threads

if TYPE_CHECKING:
    from gensc.phy.ldpc.quasicyclic import Decoded, QuasiCyclic

LANES = 16
CERTAIN = 1e4
# Filling lanes costs a pass over all messages: wait until this many are free.
REFILL = 4


def decode(code: QuasiCyclic, llr: Tensor, iterations: int) -> Decoded:
    """Decode ``llr`` float32 [B, n] on the CPU; see QuasiCyclic.decode."""
    from gensc.phy.ldpc.quasicyclic import Decoded

    given = np.ascontiguousarray(llr.numpy())
    bits = np.empty((len(given), code.k), dtype=np.uint8)
    ok = np.zeros(len(given), dtype=np.bool_)
    used = np.zeros(len(given), dtype=np.int32)
    starts, column, shift = code.layers
    scale = np.float32(code.scale)

    def work(part: slice) -> None:
        _decode(given[part], starts, column, shift, code.z, iterations, scale, bits[part], ok[part], used[part])

    in_threads(work, len(given), at_least=LANES)
    return Decoded(torch.from_numpy(bits), torch.from_numpy(ok), torch.from_numpy(used))


@kernel
def _decode(llr: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray, z: int, iterations: int,
            scale: np.float32, bits: np.ndarray, ok: np.ndarray, used: np.ndarray) -> None:
    """Run the lanes until every frame of ``llr`` has its row of ``bits``, ``ok`` and ``used``.

    ``belief`` [n, LANES] and ``message`` [blocks, z, LANES] lie flat: a block of H is two runs of ``belief``.
    """
    frames, n = llr.shape
    belief = np.zeros(n * LANES, dtype=np.float32)
    message = np.zeros(len(column) * z * LANES, dtype=np.float32)
    holds = np.zeros(LANES, dtype=np.bool_)
    frame = np.full(LANES, -1, dtype=np.int64)
    following, free, done = 0, LANES, 0
    while done < frames:
        if following < frames and free >= REFILL:
            following = _fill(llr, following, frame, belief, message)
        _iterate(belief, message, starts, column, shift, z * LANES, scale)
        _check(belief, starts, column, shift, z * LANES, holds)
        free = 0
        for lane in range(LANES):
            one = frame[lane]
            if one >= 0:
                used[one] += 1
                if holds[lane] or used[one] >= iterations:
                    ok[one] = holds[lane]
                    for i in range(bits.shape[1]):
                        bits[one, i] = belief[i * LANES + lane] < 0
                    frame[lane] = -1
                    done += 1
            free += frame[lane] < 0


@kernel
def _fill(llr: np.ndarray, following: int, frame: np.ndarray, belief: np.ndarray, message: np.ndarray) -> int:
    """Put the next frames into the free lanes; returns the frame that follows them."""
    keep = np.ones(LANES, dtype=np.float32)
    for lane in range(LANES):
        if frame[lane] < 0:
            keep[lane] = 0
            if following < len(llr):
                frame[lane] = following
                for i in range(llr.shape[1]):
                    # inside the decoder the field's other sign holds: log p(0)/p(1)
                    value = -llr[following, i]
                    value = value if value == value else np.float32(0)
                    belief[i * LANES + lane] = min(max(value, np.float32(-CERTAIN)), np.float32(CERTAIN))
                following += 1
    for start in range(0, len(message), LANES):
        for lane in range(LANES):
            message[start + lane] *= keep[lane]
    return following


@kernel
def _iterate(belief: np.ndarray, message: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray,
             block: int, scale: np.float32) -> None:
    """One iteration: every block row takes its old messages from the beliefs and adds its new ones."""
    least = np.empty(block, dtype=np.float32)
    second = np.empty(block, dtype=np.float32)
    sign = np.empty(block, dtype=np.float32)
    for row in range(len(starts) - 1):
        least[:] = np.float32(1e30)
        second[:] = np.float32(1e30)
        sign[:] = np.float32(1)
        for edge in range(starts[row], starts[row + 1]):
            base, cut = column[edge] * block, block - shift[edge] * LANES
            old = message[edge * block:(edge + 1) * block]
            _take(belief[base + block - cut:base + block], old[:cut], least[:cut], second[:cut], sign[:cut])
            _take(belief[base:base + block - cut], old[cut:], least[cut:], second[cut:], sign[cut:])
        for j in range(block):
            least[j] *= scale
            second[j] *= scale
        for edge in range(starts[row], starts[row + 1]):
            base, cut = column[edge] * block, block - shift[edge] * LANES
            new = message[edge * block:(edge + 1) * block]
            _give(belief[base + block - cut:base + block], new[:cut], least[:cut], second[:cut], sign[:cut], scale)
            _give(belief[base:base + block - cut], new[cut:], least[cut:], second[cut:], sign[cut:], scale)


@kernel
def _take(belief: np.ndarray, old: np.ndarray, least: np.ndarray, second: np.ndarray, sign: np.ndarray) -> None:
    """Beliefs without the old messages, and what their checks make of them: two least sizes and the sign."""
    for i in range(len(belief)):
        t = belief[i] - old[i]
        size = abs(t)
        larger = least[i] if least[i] > size else size
        second[i] = second[i] if second[i] < larger else larger
        least[i] = least[i] if least[i] < size else size
        sign[i] = -sign[i] if t < 0 else sign[i]
        belief[i] = t


@kernel
def _give(belief: np.ndarray, new: np.ndarray, least: np.ndarray, second: np.ndarray, sign: np.ndarray,
          scale: np.float32) -> None:
    """The new messages, each of the other bits of its check, stored and added to the beliefs."""
    for i in range(len(belief)):
        t = belief[i]
        size = second[i] if abs(t) * scale == least[i] else least[i]
        size *= sign[i]
        size = -size if t < 0 else size
        new[i] = size
        belief[i] = t + size


@kernel
def _check(belief: np.ndarray, starts: np.ndarray, column: np.ndarray, shift: np.ndarray, block: int,
           holds: np.ndarray) -> None:
    """Whether every check of a lane's hard decisions is even and no bit is undecided, bool [LANES]."""
    raw = belief.view(np.int32)
    odd = np.empty(block, dtype=np.int32)
    failed = np.zeros(block, dtype=np.int32)
    for row in range(len(starts) - 1):
        odd[:] = 0
        for edge in range(starts[row], starts[row + 1]):
            base, cut = column[edge] * block, block - shift[edge] * LANES
            # the sign bit of the exclusive or of floats is the parity of their signs
            _parity(raw[base + block - cut:base + block], odd[:cut])
            _parity(raw[base:base + block - cut], odd[cut:])
        _merge(odd, failed)
    for base in range(0, len(belief), block):
        _undecided(belief[base:base + block], failed)
    holds[:] = True
    for i in range(0, block, LANES):
        for lane in range(LANES):
            holds[lane] &= failed[i + lane] >= 0


@kernel
def _parity(raw: np.ndarray, odd: np.ndarray) -> None:
    for i in range(len(raw)):
        odd[i] ^= raw[i]


@kernel
def _merge(odd: np.ndarray, failed: np.ndarray) -> None:
    for i in range(len(odd)):
        failed[i] |= odd[i]


@kernel
def _undecided(belief: np.ndarray, failed: np.ndarray) -> None:
    for i in range(len(belief)):
        failed[i] |= np.int32(-1) if belief[i] == 0 else np.int32(0)
