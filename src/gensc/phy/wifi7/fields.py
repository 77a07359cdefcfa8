"""The signalling fields L-SIG, U-SIG and EHT-SIG as bits, and back.

Every field is a row of named numbers, least significant bit first. A number that this receiver can take only
one value of carries it as ``only``: it helps the decoder, as pilots help an equaliser.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from gensc.phy.wifi7.bcc import TAIL_BITS


@dataclass(frozen=True)
class Part:
    """``width`` bits called ``name``; ``sent`` where the frame's content does not set them."""

    name: str
    width: int
    sent: int = 0
    only: bool = False


# IEEE Std 802.11-2020, 17.3.4: RATE 1101 is 6 Mbit/s, first bit first.
L_SIG = (Part("rate", 4, 0b1011), Part("reserved", 1), Part("length", 12), Part("parity", 1), Part("tail", TAIL_BITS))
# 802.11be, 36.3.12.7, for an EHT single-user frame.
U_SIG = (Part("version", 3, only=True), Part("bandwidth", 3, only=True), Part("uplink", 1), Part("bss_colour", 6),
         Part("txop", 7, 127), Part("disregard", 5, 31), Part("validate_1", 1, 1, True), Part("ppdu_type", 2, 1, True),
         Part("validate_2", 1, 1, True), Part("punctured", 5, only=True), Part("validate_3", 1, 1, True),
         Part("eht_sig_mcs", 2, only=True), Part("eht_sig_symbols", 5, 1, True), Part("crc", 4),
         Part("tail", TAIL_BITS, only=True))
# 802.11be, 36.3.12.8: common field and the one user field, one code block.
EHT_SIG = (Part("spatial_reuse", 4), Part("gi_ltf", 2), Part("ltf_symbols", 3, only=True), Part("extra", 1),
           Part("quarters", 2), Part("disambiguity", 1, only=True), Part("disregard", 4, 15),
           Part("other_users", 3, only=True), Part("sta_id", 11), Part("mcs", 4), Part("reserved", 1, 1, True),
           Part("other_streams", 4, only=True), Part("beamformed", 1), Part("ldpc", 1, 1, True), Part("crc", 4),
           Part("tail", TAIL_BITS, only=True))

Format = tuple[Part, ...]


def crc4(bits: np.ndarray) -> int:
    """The four most significant bits of the CRC-8 x^8 + x^2 + x + 1 from all ones, complemented (27.3.11.7.3)."""
    register = 0xFF
    for bit in bits:
        carry = (register >> 7) ^ int(bit)
        register = (register << 1 & 0xFF) ^ (0x07 if carry else 0)
    return (register ^ 0xFF) >> 4


def pack(form: Format, **values: int) -> np.ndarray:
    """The bits, uint8, of a field, with its parity or CRC and its tail."""
    numbers = [values.get(part.name, part.sent) for part in form]
    bits = np.concatenate([number >> np.arange(part.width) & 1 for part, number in zip(form, numbers, strict=True)])
    return _sealed(form, bits.astype(np.uint8))


def unpack(form: Format, bits: np.ndarray) -> dict[str, int] | None:
    """The numbers of a field by name; None where its parity or CRC does not fit."""
    if (_sealed(form, bits) != bits).any():
        return None
    values, at = {}, 0
    for part in form:
        values[part.name] = int(bits[at : at + part.width] @ (1 << np.arange(part.width)))
        at += part.width
    return values


@lru_cache(maxsize=64)
def known(form: Format, bandwidth_code: int = 0) -> np.ndarray:
    """int8: 0 or 1 for the bits whose value a receiver of such frames can presume, -1 for the others."""
    parts = []
    for part in form:
        sent = bandwidth_code if part.name == "bandwidth" else part.sent
        fixed = part.only or part.name == "tail"
        parts.append(sent >> np.arange(part.width) & 1 if fixed else np.full(part.width, -1))
    return np.concatenate(parts).astype(np.int8)


def _sealed(form: Format, bits: np.ndarray) -> np.ndarray:
    """``bits`` with the right check bits: even parity for L-SIG, CRC-4 (highest power first) for the others."""
    out = bits.copy()
    if form is L_SIG:
        out[17] = out[:17].sum() & 1
        return out
    end = len(out) - TAIL_BITS
    out[end - 4 : end] = crc4(out[: end - 4]) >> np.arange(3, -1, -1) & 1
    return out
