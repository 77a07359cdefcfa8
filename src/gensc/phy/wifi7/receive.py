"""A recording in, packets out: find, synchronise, read the preamble, equalise, demap, decode."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from gensc import units
from gensc.errors import InputError
from gensc.phy.ldpc import code
from gensc.phy.wifi7 import ampdu, detect, signalling
from gensc.phy.wifi7.data import Equalised, equalise
from gensc.phy.wifi7.headless import starts_inside
from gensc.phy.wifi7.layout import SERVICE_BITS, Layout
from gensc.phy.wifi7.phy import LEGACY_US
from gensc.phy.wifi7.scramble import descramble
from gensc.phy.wifi7.tones import plan

_MARGIN_US = 8
"""Zeros around a recording, so that a frame at its very edge can be cut out like any other."""


@dataclass(frozen=True)
class Packet:
    """A frame in a recording. ``psdu``: its payload, or None with a ``reason`` why it is lost ("" when fine).

    ``start``: its first sample in the recording, by the channel's mean delay; ``length`` in samples; carrier offset
    ``cfo_hz``; ``clock_ppm``: the receiver samples faster by so much; ``snr_db``: mean Es/N0 of a sample
    (``Phy.tone_snr_db``: of a tone). What was not learnt is None.
    """

    psdu: bytes | None
    reason: str
    start: int
    bandwidth_mhz: int
    cfo_hz: float | None = None
    length: int | None = None
    mcs: int | None = None
    guard_us: float | None = None
    snr_db: float | None = None
    clock_ppm: float | None = None


@dataclass(frozen=True)
class Frame:
    """A frame before decoding: what is known of it, and its data tones."""

    packet: Packet
    layout: Layout | None = None
    tones: Equalised | None = None


def receive(samples: Tensor, bandwidth_mhz: int, iterations: int = 20) -> list[Packet]:
    """All frames in a recording, complex64 [N] at ``bandwidth_mhz`` million samples a second, in order of time.

    A frame that the recording cuts off, or whose preamble or check sequence fails, is a Packet without psdu.
    Raises InputError for nan or inf among the samples, another shape or an unknown bandwidth.
    """
    return decode(front_end(samples, bandwidth_mhz), iterations)


def receive_many(recordings: Sequence[Tensor], bandwidth_mhz: int, iterations: int = 20) -> list[list[Packet]]:
    """``receive`` for each of many recordings, with the codewords of all of them decoded together."""
    found = [front_end(samples, bandwidth_mhz) for samples in recordings]
    packets = iter(decode([frame for frames in found for frame in frames], iterations))
    return [[next(packets) for _ in frames] for frames in found]


def front_end(samples: Tensor, bandwidth_mhz: int) -> list[Frame]:
    """The frames in a recording, up to their equalised data tones; arguments and errors as ``receive``."""
    margin = _MARGIN_US * plan(bandwidth_mhz).bandwidth_mhz
    padded = np.pad(_checked(samples), margin)
    frames: list[Frame] = []
    done = 0
    for first, last in detect.regions(padded, bandwidth_mhz):
        if last <= done:
            continue
        found = detect.confirm(padded, max(first, done), last, bandwidth_mhz)
        if found is None or found.start < max(done - bandwidth_mhz, 0):
            continue
        frame, end = _frame(padded, found, bandwidth_mhz, margin)
        if frame is None:
            continue
        near = LEGACY_US * bandwidth_mhz
        if frames and frames[-1].layout is None and frame.packet.start < frames[-1].packet.start + near:
            frames.pop()  # a first guess at the same preamble
        frames.append(frame)
        done = max(done, end)
    before = padded[margin : (frames[0].packet.start if frames else len(padded)) + margin]
    if starts_inside(before[: len(padded) - 2 * margin], bandwidth_mhz):
        frames.insert(0, Frame(Packet(None, "the recording starts inside this frame", 0, bandwidth_mhz)))
    return frames


def decode(frames: Sequence[Frame], iterations: int = 20) -> list[Packet]:
    """The packets of frames: codewords of one code are decoded together, whichever frame they belong to."""
    packets = [frame.packet for frame in frames]
    ready: dict[tuple[int, str], list[tuple[int, Layout, np.ndarray]]] = {}
    for index, frame in enumerate(frames):
        if frame.layout is not None and frame.tones is not None:
            llr = frame.tones.llrs(frame.layout)
            ready.setdefault((frame.layout.fit.n, frame.layout.fit.rate), []).append((index, frame.layout, llr))
    for (n, rate), members in ready.items():
        rows = [layout.fit.llrs(torch.from_numpy(llr)[None]) for _, layout, llr in members]
        bits = code(n, rate).decode(torch.cat(rows), iterations).bits
        parts = torch.split(bits, [layout.fit.count for _, layout, _ in members])
        for (index, layout, _), part in zip(members, parts, strict=True):
            packets[index] = _opened(packets[index], layout, layout.fit.payload(part)[0].numpy())
    return packets


def _checked(samples: Tensor) -> np.ndarray:
    """The samples at a mean power of 1, so that a recording's scale does not matter."""
    if samples.ndim != 1 or not samples.is_complex():
        raise InputError(f"a recording is complex samples [N], got {samples.dtype} {list(samples.shape)}")
    values = samples.detach().cpu().to(torch.complex64).numpy()
    bad = np.flatnonzero(~(np.isfinite(values.real) & np.isfinite(values.imag)))
    if len(bad):
        raise InputError(f"{len(bad)} of {len(values)} samples are nan or infinite, the first at {bad[0]}: "
                         "check how the recording was read or scaled")
    power = float(np.mean(np.abs(values.astype(np.complex128)) ** 2)) if len(values) else 0.0
    return (values / np.sqrt(power or 1.0)).astype(np.complex64)


def _opened(packet: Packet, layout: Layout, bits: np.ndarray) -> Packet:
    """The packet with the payload that its scrambled bits hold."""
    plain = descramble(bits)[SERVICE_BITS : SERVICE_BITS + 8 * layout.psdu_bytes]
    psdu, reason = ampdu.extract(np.packbits(plain, bitorder="little").tobytes())
    return replace(packet, psdu=psdu, reason=reason)


def _frame(padded: np.ndarray, found: detect.Found, bandwidth_mhz: int, margin: int) -> tuple[Frame | None, int]:
    """The frame at a place, and the sample from which to look for the next one."""
    to_hz = bandwidth_mhz * 1e6
    start = found.start + detect.backoff(bandwidth_mhz) - margin
    inside = len(padded) - margin
    if found.start + LEGACY_US * bandwidth_mhz > inside:
        return None, 0
    if found.start + 41 * bandwidth_mhz > inside:
        packet = Packet(None, "the recording ends inside the preamble", start, bandwidth_mhz, found.offset * to_hz)
        return Frame(packet), inside
    heard = signalling.read(padded, found.start, found.offset, bandwidth_mhz)
    if heard is None:
        return None, 0
    packet = Packet(None, heard.reason, start, bandwidth_mhz, heard.offset * to_hz, heard.length)
    end = found.start + (heard.length or 0)
    if heard.layout is None:
        return Frame(packet), 0
    phy = heard.layout.phy
    packet = replace(packet, mcs=phy.mcs, guard_us=phy.guard_us)
    if end > inside + (phy.symbol_samples - phy.fft) // 2:
        return Frame(replace(packet, reason="the recording ends inside the frame")), inside
    tones, known = equalise(padded[found.start : end + margin // 2], heard.layout, heard.offset)
    packet = replace(packet, start=found.start - margin + known.delay, cfo_hz=known.offset * to_hz,
                     clock_ppm=known.clock * 1e6, snr_db=float(units.ratio_to_db(known.snr / phy.tone_power)))
    return Frame(packet, heard.layout, tones), end
