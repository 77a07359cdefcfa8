"""Files as Wi-Fi 7 frames in recordings, and what a receiver makes of a recording alone."""

import csv
import io
import os

import numpy as np
import pytest

from gensc.errors import InputError
from gensc.phy.wifi7.phy import Phy
from gensc.radio import receive as receiving
from gensc.radio.receive import Reception, bandwidth_of, receive_recording, receive_samples, save, table
from gensc.radio.recording import open_recording
from gensc.radio.segments import MAGIC, Stream, cut
from gensc.radio.send import samples_of, send_file, waveform
from gensc.radio.sigmf import write_recording
from helpers import call, refused

CONTENT = np.random.default_rng(1).bytes(2950)
PHY = Phy(20, 4)


def noisy(x: np.ndarray, snr_db: float = 25.0, seed: int = 0) -> np.ndarray:
    noise = np.random.default_rng(seed).standard_normal((len(x), 2), np.float32).view(np.complex64)[:, 0]
    return x + noise * np.float32(10 ** (-snr_db / 20) * 0.5**0.5)


def frames(content: bytes = CONTENT, size: int = 1024, phy: Phy = PHY) -> np.ndarray:
    return samples_of(cut(content, "photo.webp", size), phy)


@pytest.fixture
def photo(tmp_path):
    (tmp_path / "photo.webp").write_bytes(CONTENT)
    return tmp_path / "photo.webp"


def test_a_file_goes_out_and_comes_back_over_the_command_line(tmp_path, photo):
    said = call("radio", "send", photo, "--out", tmp_path / "air", "--mcs", "9", "--bandwidth-mhz", "40",
                "--segment-bytes", "1024")
    assert said.code == 0 and "3 frames" in said.out, said
    said = call("radio", "receive", tmp_path / "air", "--out", tmp_path / "got")
    assert said.code == 0 and "3 found, 3 received" in said.out, said
    assert (tmp_path / "got" / "photo.webp").read_bytes() == CONTENT
    rows = list(csv.DictReader((tmp_path / "got" / "packets.csv").open()))
    notes = open_recording(tmp_path / "air").annotations
    for row, note in zip(rows, notes, strict=True):
        assert (row["mcs"], row["ok"], row["samples"]) == ("9", "1", str(note["core:sample_count"]))
        assert abs(int(row["start"]) - note["core:sample_start"]) < 40
        assert (note["gensc:mcs"], note["gensc:bandwidth_mhz"], note["gensc:guard_us"]) == (9, 40, 0.8)


def test_the_receiver_needs_the_samples_alone(tmp_path, photo):
    """The annotations of the sender are gone; the samples are 16-bit integers and noisy."""
    x = noisy(frames())
    raw = np.round(np.stack([x.real, x.imag], 1) / np.abs(x).max() * 32_000).astype("<i2")
    (tmp_path / "heard.sigmf-data").write_bytes(raw.tobytes())
    (tmp_path / "heard.sigmf-meta").write_text(
        '{"global": {"core:datatype": "ci16_le", "core:version": "1.0.0", "core:sample_rate": 20000000},'
        '"captures": [{"core:sample_start": 0}], "annotations": []}')
    found = receive_recording(open_recording(tmp_path / "heard"))
    assert [one.content for one in found.streams] == [CONTENT] and found.streams[0].name == "photo.webp"


def test_a_recording_that_starts_in_the_middle_of_a_frame():
    parts = [part for part, _ in waveform(cut(CONTENT, "photo.webp", 1024), PHY)]
    x = np.concatenate(parts)
    start = len(parts[0]) + len(parts[1]) // 2
    found = receive_samples(noisy(x[start:]), 20)
    whole = [one for one in found.packets if one.psdu is not None]
    assert len(whole) == 2 and found.streams[0].missing == (0,) and found.streams[0].content is None


def test_a_recording_that_ends_in_the_middle_of_a_frame():
    x = frames()
    found = receive_samples(noisy(x[:-5000]), 20)
    assert [one.psdu is not None for one in found.packets] == [True, True, False]
    assert "ends inside" in found.packets[2].reason and found.streams[0].missing == (2,)


@pytest.mark.parametrize("x", [np.zeros(100_000, np.complex64), noisy(np.zeros(300_000, np.complex64), 0.0),
                               np.ones(50_000, np.complex64), noisy(np.zeros(10, np.complex64))],
                         ids=["silence", "noise", "a carrier", "ten samples"])
def test_a_recording_without_a_frame(tmp_path, x):
    assert not any(one.psdu for one in receive_samples(x, 20).packets)
    write_recording(tmp_path / "air", [(x, None)], 20e6, 0.0, "")
    said = call("radio", "receive", tmp_path / "air", "--out", tmp_path / "got")
    assert said.code == 0 and "0 received" in said.out and os.listdir(tmp_path / "got") == ["packets.csv"]


def test_three_frames_of_three_senders():
    """Three files, one frame each, at three powers, MCS and guard intervals."""
    senders = [(Phy(20, 0), 1.0), (Phy(20, 7, 3.2), 0.3), (Phy(20, 11, 1.6), 3.0)]
    files = [CONTENT[at:at + 500] for at in (0, 500, 1000)]
    x = np.concatenate([gain * samples_of(cut(file, f"{number}", 1500), phy)
                        for number, (file, (phy, gain)) in enumerate(zip(files, senders, strict=True))])
    found = receive_samples(noisy(x, 45.0), 20)
    assert [(one.mcs, one.guard_us) for one in found.packets] == [(0, 0.8), (7, 3.2), (11, 1.6)]
    assert [(one.name, one.content) for one in found.streams] == [(str(at), file) for at, file in enumerate(files)]


def test_lost_segments_are_named(tmp_path, photo):
    written = send_file(photo, tmp_path / "air", PHY, 1024)
    found = open_recording(written)
    x = noisy(found.read(0, len(found)))
    hit = found.annotations[1]
    x[hit["core:sample_start"] + 2000:hit["core:sample_start"] + 3500] = 0
    write_recording(tmp_path / "heard", [(x, None)], 20e6, 0.0, "")
    said = call("radio", "receive", tmp_path / "heard", "--out", tmp_path / "got")
    assert said.code == 0 and "1 of 3 segments are missing: 1\n" in said.out, said
    assert "3 found, 2 received" in said.out and os.listdir(tmp_path / "got") == ["packets.csv"]


def test_a_long_recording_finds_each_frame_once(monkeypatch):
    """Windows of 4 ms over 12 ms of frames: none is lost at a border, and none found twice."""
    monkeypatch.setattr(receiving, "WINDOW_US", 4000)
    monkeypatch.setattr(receiving, "LONGEST_US", 1500)
    x = noisy(frames(CONTENT * 12, 1024, Phy(20, 4)))
    found = receive_samples(x, 20)
    assert len(x) > 2.5 * 4000 * 20
    assert all(one.psdu is not None for one in found.packets)
    assert [one.content for one in found.streams] == [CONTENT * 12]
    assert len(found.packets) == found.streams[0].count
    notes = [frame for part, frame in waveform(cut(CONTENT * 12, "photo.webp", 1024), PHY)]
    assert len([one for one in notes if one]) == len(found.packets)


def test_a_sample_rate_that_is_none_of_wifi(tmp_path):
    write_recording(tmp_path / "air", [(np.ones(9, np.complex64), None)], 2.4e6, 0.0, "")
    with pytest.raises(InputError, match=r"2.4e\+06 samples a second.*resample"):
        bandwidth_of(open_recording(tmp_path / "air"))


@pytest.mark.parametrize(("args", "says"), [
    (["--mcs", "14"], "14"), (["--bandwidth-mhz", "30"], "30"), (["--segment-bytes", "10"], "no room"),
    (["--segment-bytes", "60000", "--mcs", "0"], "5.484 ms"), (["--gap-us", "-1"], "gap_us")])
def test_what_can_not_be_sent_is_refused(tmp_path, photo, args, says):
    photo.write_bytes(CONTENT * 10)
    refused(call("radio", "send", photo, "--out", tmp_path / "air", *args), says)
    assert os.listdir(tmp_path) == ["photo.webp"]


def test_files_that_are_not_there(tmp_path, photo):
    refused(call("radio", "send", tmp_path / "none.png", "--out", tmp_path / "air"), "none.png")
    refused(call("radio", "receive", tmp_path / "none", "--out", tmp_path / "got"), "none.sigmf-meta is not there")


@pytest.mark.parametrize(("name", "place"), [
    ("../../etc/passwd", "passwd"), ("C:\\boot\\x.ini", "x.ini"), ("a\nb\x00.png", "ab.png"), ("..", None), ("", None),
    ("packets.csv", None), ("n" * 255, None), ("Bär.webp", "Bär.webp")])
def test_a_name_off_the_air_stays_in_the_folder(tmp_path, name, place):
    stream = Stream(b"12345678", 1, (), name, b"content")
    (written,) = save(Reception((), (stream,)), tmp_path / "got")
    assert written == tmp_path / "got" / (place or f"stream-{b'12345678'.hex()}")
    assert written.read_bytes() == b"content"


def test_two_files_of_one_name_are_both_kept_and_a_full_folder_is_refused(tmp_path):
    streams = tuple(Stream(id_, 1, (), "a", id_) for id_ in (b"12345678", b"87654321"))
    written = save(Reception((), streams), tmp_path / "got")
    assert [one.read_bytes() for one in written] == [b"12345678", b"87654321"] and written[0] != written[1]
    with pytest.raises(InputError, match="not an empty folder"):
        save(Reception((), streams), tmp_path / "got")


def test_frames_of_others_are_in_the_table_but_no_file():
    found = receive_samples(noisy(samples_of([b"a beacon", MAGIC + b"short"], PHY)), 20)
    assert found.streams == () and len(found.packets) == 2
    rows = list(csv.DictReader(io.StringIO(table(found.packets))))
    assert [(row["ok"], row["bytes"]) for row in rows] == [("1", "8"), ("1", "9")]
    assert 23 < float(rows[0]["snr_db"]) < 27
