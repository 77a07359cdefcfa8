"""The 5G NR channel codes, LDPC and polar (3GPP TS 38.212), through Sionna, with bits uint8 and LLR = log p(1)/p(0)."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor

from gensc.errors import InputError

LIST_SIZE = 8


@dataclass(frozen=True)
class NrLdpc:
    """The 5G NR LDPC code that carries ``k`` bits in ``n`` (TS 38.212, 5.3.2 and 5.4.2), base graph by the standard.

    One code block: k from 12 to 8448. No CRC: whoever sends a block adds one to know whether it arrived.
    Raises InputError where Sionna has no such code.
    """

    k: int
    n: int

    def __post_init__(self) -> None:
        _ldpc(self.k, self.n, 20, "cpu")

    def encode(self, bits: Tensor) -> Tensor:
        """Rate-matched codewords, uint8 [B, n], of ``bits`` uint8 [B, k]."""
        encoder, _ = _ldpc(self.k, self.n, 20, str(bits.device))
        return encoder(_rows(bits, self.k, "bits").to(torch.float32)).to(torch.uint8)

    def decode(self, llr: Tensor, iterations: int = 20) -> Tensor:
        """Information bits, uint8 [B, k], of ``llr`` [B, n] by sum-product decoding (flooding, ``iterations``)."""
        _, decoder = _ldpc(self.k, self.n, iterations, str(llr.device))
        return decoder(_rows(llr, self.n, "LLRs").to(torch.float32)).to(torch.uint8)


@dataclass(frozen=True)
class NrPolar:
    """The 5G NR polar code with its CRC that carries ``k`` bits in ``n`` (TS 38.212, 5.3.1 and 5.4.1).

    ``link`` "uplink" (UCI, n up to 1088) is the standard's; "downlink" (DCI, k up to 140) lacks its CRC mask.
    Raises InputError where Sionna has no such code.
    """

    k: int
    n: int
    link: Literal["uplink", "downlink"] = "uplink"

    def __post_init__(self) -> None:
        if self.link not in ("uplink", "downlink"):
            raise InputError(f"link {self.link!r} is not known: choose uplink or downlink")
        _polar(self.k, self.n, self.link, "cpu")

    def encode(self, bits: Tensor) -> Tensor:
        """Rate-matched codewords, uint8 [B, n], of ``bits`` uint8 [B, k]; the CRC is inside."""
        encoder, _ = _polar(self.k, self.n, self.link, str(bits.device))
        return encoder(_rows(bits, self.k, "bits").to(torch.float32)).to(torch.uint8)

    def decode(self, llr: Tensor) -> tuple[Tensor, Tensor]:
        """Bits uint8 [B, k] of ``llr`` [B, n] and whether the CRC holds, bool [B]: CRC-aided list decoding, 8 paths."""
        _, decoder = _polar(self.k, self.n, self.link, str(llr.device))
        bits, ok = decoder(_rows(llr, self.n, "LLRs").to(torch.float32))
        return bits.to(torch.uint8), ok.reshape(len(llr))


def _rows(given: Tensor, wanted: int, what: str) -> Tensor:
    if given.ndim != 2 or given.shape[1] != wanted:
        raise InputError(f"this code takes {what} of shape [B, {wanted}], got {list(given.shape)}")
    return given


@cache
def _ldpc(k: int, n: int, iterations: int, device: str) -> tuple[Any, Any]:
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

    try:
        encoder = LDPC5GEncoder(k, n, device=device)
    except ValueError as error:
        raise InputError(f"no 5G NR LDPC code carries {k} bits in {n}: {error}") from error
    return encoder, LDPC5GDecoder(encoder, num_iter=iterations, device=device)


@cache
def _polar(k: int, n: int, link: str, device: str) -> tuple[Any, Any]:
    from sionna.phy.fec.polar import Polar5GDecoder, Polar5GEncoder

    try:
        encoder = Polar5GEncoder(k, n, channel_type=link, device=device)
    except ValueError as error:
        raise InputError(f"no 5G NR polar code carries {k} bits in {n}: {error}") from error
    decoder = Polar5GDecoder(encoder, dec_type="SCL", list_size=LIST_SIZE, return_crc_status=True, device=device)
    return encoder, decoder
