"""The frames of a recording, and the files that their segments make."""

import csv
import io
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from gensc.errors import InputError
from gensc.machine import files
from gensc.phy.wifi7.receive import Packet
from gensc.phy.wifi7.receive import receive as receive_frames
from gensc.phy.wifi7.tones import BANDWIDTHS_MHZ
from gensc.radio.recording import Recording
from gensc.radio.segments import LONGEST_NAME, Segment, Stream, join, read_segment

LONGEST_US = 6000
SLACK_US = 50
WINDOW_US = 8 * LONGEST_US
TABLE = "packets.csv"


@dataclass(frozen=True)
class Reception:
    """What a recording held: its frames in order, and the streams that their segments belong to."""

    packets: tuple[Packet, ...]
    streams: tuple[Stream, ...]


def receive_recording(recording: Recording) -> Reception:
    """All frames and files of a recording, window by window. Raises InputError on a rate that is not Wi-Fi 7's."""
    return _reception(packets(recording.read, len(recording), bandwidth_of(recording)))


def receive_samples(samples: np.ndarray, bandwidth_mhz: int) -> Reception:
    """All frames and files in complex64 [N]."""
    return _reception(packets(lambda start, count: samples[start:start + count], len(samples), bandwidth_mhz))


def packets(read: Callable[[int, int], np.ndarray], total: int, bandwidth_mhz: int) -> Iterator[Packet]:
    """The frames in ``total`` samples that ``read(start, count)`` gives, their starts counted from its sample 0.

    Windows overlap by the longest frame, so each frame is whole in one of them; a window starts behind the frames
    of the one before it, so none is found twice.
    """
    window, longest, slack = (us * bandwidth_mhz for us in (WINDOW_US, LONGEST_US, SLACK_US))
    at = 0
    while at < total:
        part = read(at, window)
        end = at + len(part)
        last = end >= total
        following = total if last else end - longest
        for found in receive_frames(torch.from_numpy(np.ascontiguousarray(part)), bandwidth_mhz):
            packet = replace(found, start=at + found.start)
            if last or packet.start < end - longest + slack:
                yield packet
                following = max(following, packet.start + (packet.length or 0))
        at = following


def bandwidth_of(recording: Recording) -> int:
    """The channel bandwidth in MHz whose frames have this recording's sample rate."""
    for bandwidth in BANDWIDTHS_MHZ:
        if math.isclose(recording.sample_rate_hz, bandwidth * 1e6, rel_tol=1e-4):
            return bandwidth
    raise InputError(f"{recording.path} has {recording.sample_rate_hz:g} samples a second: Wi-Fi 7 frames are received "
                     f"at {', '.join(map(str, BANDWIDTHS_MHZ))} million; resample it")


def save(reception: Reception, folder: Path) -> list[Path]:
    """Write the whole files among the streams, and the table of packets, to a new or empty folder.

    The names come off the air: a path in one is dropped, and none replaces a file that is there.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InputError(f"{folder} is there already and not an empty folder: name a new one")
    files.write_text(folder / TABLE, table(reception.packets))
    written: list[Path] = []
    for stream in reception.streams:
        if stream.content is not None:
            place = folder / _safe(stream)
            if place.exists():
                place = folder / f"stream-{stream.stream.hex()}"
            with files.replacing(place) as part:
                part.write_bytes(stream.content)
            written.append(place)
    return written


def table(found: Sequence[Packet]) -> str:
    """A row a frame, as CSV."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["start", "samples", "mcs", "snr_db", "cfo_hz", "clock_ppm", "bytes", "ok", "reason"])
    for one in found:
        rows.writerow([one.start, _or(one.length), _or(one.mcs), _or(one.snr_db, 2), _or(one.cfo_hz, 1),
                       _or(one.clock_ppm, 2), len(one.psdu or b""), int(one.psdu is not None), one.reason])
    return out.getvalue()


def _or(value: float | None, digits: int = 0) -> str:
    return "" if value is None else f"{value:.{digits}f}"


def _reception(found: Iterator[Packet]) -> Reception:
    kept = tuple(found)
    segments = [read_segment(one.psdu) for one in kept if one.psdu is not None]
    return Reception(kept, tuple(join(one for one in segments if isinstance(one, Segment))))


def _safe(stream: Stream) -> str:
    """The stream's name without path or control characters, or one made of its id."""
    last = re.split(r"[/\\]", stream.name or "")[-1]
    name = "".join(letter for letter in last if letter.isprintable() and letter != "\N{REPLACEMENT CHARACTER}")
    usable = name.strip(". ") and len(name.encode()) <= LONGEST_NAME - len(".12345678.part")
    return name if usable and name != TABLE else f"stream-{stream.stream.hex()}"
