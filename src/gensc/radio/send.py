"""A file as Wi-Fi 7 frames in a recording."""

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from gensc.errors import InputError
from gensc.phy.wifi7.phy import Phy
from gensc.phy.wifi7.transmit import transmit
from gensc.radio.segments import DEFAULT_BYTES, cut
from gensc.radio.sigmf import Frame, write_recording

GAP_US = 100.0
LONGEST_GAP_US = 1e6


def waveform(psdus: Iterable[bytes], phy: Phy, gap_us: float = GAP_US) -> Iterator[tuple[np.ndarray, Frame | None]]:
    """A frame for each PSDU, complex64 at ``phy.sample_rate_hz``, with silence before, between and behind them.

    The frames have mean power 1. Raises InputError on a gap of less than 0 or more than 1 s, and on a PSDU
    that no frame of this PHY holds.
    """
    if not 0 <= gap_us <= LONGEST_GAP_US:
        raise InputError(f"gap_us is {gap_us}: expected microseconds of silence from 0 to {LONGEST_GAP_US:g}")
    silence = np.zeros(round(gap_us * phy.bandwidth_mhz), np.complex64)
    yield silence, None
    for psdu in psdus:
        samples = transmit(psdu, phy).numpy()
        yield samples, Frame(0, len(samples), "802.11be", {
            "bandwidth_mhz": phy.bandwidth_mhz, "mcs": phy.mcs, "guard_us": phy.guard_us, "psdu_bytes": len(psdu)})
        yield silence, None


def samples_of(psdus: Iterable[bytes], phy: Phy, gap_us: float = GAP_US) -> np.ndarray:
    """The whole ``waveform`` in one piece, complex64 [N]."""
    return np.concatenate([part for part, _ in waveform(psdus, phy, gap_us)])


def send_file(file: Path, recording: Path, phy: Phy, segment_bytes: int = DEFAULT_BYTES, gap_us: float = GAP_US,
              centre_hz: float = 5.25e9) -> Path:
    """Write ``file`` as frames to a SigMF recording and return the path of its metadata.

    Raises InputError where the file can't be read, does not fit a stream, or the recording can't be written.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise InputError(f"{file} can't be read ({error.strerror}): name a file") from error
    psdus = cut(content, file.name, segment_bytes)
    description = f"{file.name}, {len(content)} bytes, in 802.11be frames of MCS {phy.mcs} at {phy.bandwidth_mhz} MHz"
    return write_recording(recording, waveform(psdus, phy, gap_us), phy.sample_rate_hz, centre_hz, description)
