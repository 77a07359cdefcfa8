"""A real photograph through GNU Radio: in as a file on one side, out as the same file on the other."""

import io
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gensc import units
from gensc.channel._gnuradio import ChannelModel, Loop
from gensc.phy.wifi7.phy import Phy
from gensc.radio.receive import Reception, receive_samples
from gensc.radio.segments import cut
from gensc.radio.send import samples_of

OFFSET_HZ, OFFSET_PPM = 20e3, 20.0


@pytest.fixture(scope="module")
def photo() -> bytes:
    """A photograph of the test data, as WebP."""
    beside = Path(__file__).parents[2].parent / "shared" / "data"
    folder = Path(os.environ.get("GENSC_TEST_DATA", beside)) / "bsds" / "train"
    if not folder.is_dir():
        pytest.skip(f"no test data at {folder}; set GENSC_TEST_DATA")
    file = io.BytesIO()
    Image.open(min(folder.glob("*.jpg"))).save(file, "WEBP", quality=60)
    return file.getvalue()


@pytest.fixture(scope="module")
def loop(gnuradio):
    with Loop() as one:
        yield one


def over_the_air(loop: Loop, photo: bytes, mcs: int, snr_db: float) -> Reception:
    phy = Phy(20, mcs)
    model = ChannelModel(float(units.noise_power(snr_db)) ** 0.5, OFFSET_HZ / phy.sample_rate_hz,
                         1 + 1e-6 * OFFSET_PPM, seed=5)
    return receive_samples(loop.send(samples_of(cut(photo, "photo.webp", 1024), phy), model), 20)


@pytest.mark.parametrize(("mcs", "snr_db"), [(7, 20.0), (3, 10.0), (1, 5.0)])
def test_a_photograph_arrives_bit_for_bit(loop, photo, mcs, snr_db):
    found = over_the_air(loop, photo, mcs, snr_db)
    assert [(one.name, one.content == photo) for one in found.streams] == [("photo.webp", True)]
    assert len(found.packets) == found.streams[0].count
    Image.open(io.BytesIO(found.streams[0].content)).load()
    # What the receiver measured is what GNU Radio was told to do.
    assert np.mean([one.snr_db for one in found.packets]) == pytest.approx(snr_db, abs=0.4)
    assert np.mean([one.cfo_hz for one in found.packets]) == pytest.approx(OFFSET_HZ, abs=100)
    assert np.mean([one.clock_ppm for one in found.packets]) == pytest.approx(-OFFSET_PPM, abs=3)


def test_what_is_lost_at_a_fixed_mcs(loop, photo):
    """MCS 4 (16-QAM, rate 3/4) needs 11 dB: nothing at 5 dB and 10 dB, everything at 20 dB, and each loss is said."""
    received = {}
    for snr_db in (5.0, 10.0, 20.0):
        found = over_the_air(loop, photo, 4, snr_db)
        received[snr_db] = sum(one.psdu is not None for one in found.packets) / len(found.packets)
        assert all(one.reason for one in found.packets if one.psdu is None)
        whole = [one.content for one in found.streams if one.content is not None]
        assert whole == ([photo] if received[snr_db] == 1 else [])
    assert received[5.0] == 0 and received[10.0] < 0.5 and received[20.0] == 1


def test_the_lost_segments_are_the_ones_that_are_named(loop, photo):
    """At the edge of MCS 4 some packets come through: the missing numbers are those of the others."""
    found = over_the_air(loop, photo, 4, 10.6)
    arrived = sum(one.psdu is not None for one in found.packets)
    (stream,) = found.streams
    assert 0 < arrived < stream.count and stream.content is None
    assert len(stream.missing) == stream.count - arrived
    lost = [number for number, one in enumerate(found.packets) if one.psdu is None]
    assert list(stream.missing) == lost
