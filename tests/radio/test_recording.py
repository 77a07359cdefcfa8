"""SigMF recordings: written and read through the format's own library, and refused where they are damaged."""

import json
import os
import subprocess
import sys

import numpy as np
import pytest
import sigmf

from gensc.errors import InputError
from gensc.radio import recording as reading
from gensc.radio.recording import chunks, open_recording
from gensc.radio.sigmf import Frame, write_recording


def noise(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((count, 2), np.float32).view(np.complex64)[:, 0]


@pytest.fixture
def made(tmp_path):
    """A recording of 1000 samples with one frame in it: its metadata's path."""
    x = noise(1000)
    parts = [(x[:100], None), (x[100:], Frame(0, 500, "frame", {"mcs": 7, "guard_us": 0.8}))]
    return write_recording(tmp_path / "a.b", parts, 20e6, 5.25e9, "a test")


def foreign(folder, datatype: str, data: bytes, **changed):
    """A recording as another program would have written it."""
    meta = {"global": {"core:datatype": datatype, "core:version": "1.0.0", "core:sample_rate": 2e6},
            "captures": [{"core:sample_start": 0}], "annotations": []}
    for key, value in changed.items():
        meta[key] = value
    (folder / "other.sigmf-meta").write_text(json.dumps(meta))
    (folder / "other.sigmf-data").write_bytes(data)
    return folder / "other.sigmf-meta"


def edited(meta, change):
    """The metadata with ``change`` applied to it."""
    content = json.loads(meta.read_text())
    change(content)
    meta.write_text(json.dumps(content))
    return meta


def test_the_formats_own_library_reads_what_is_written(made):
    theirs = sigmf.fromfile(made)
    theirs.validate()
    assert np.array_equal(theirs.read_samples(), noise(1000))
    assert theirs.sample_rate == 20e6 and theirs.get_captures()[0]["core:frequency"] == 5.25e9
    assert theirs.get_annotations() == [{"core:sample_start": 100, "core:sample_count": 500, "core:label": "frame",
                                         "gensc:mcs": 7, "gensc:guard_us": 0.8}]


@pytest.mark.parametrize("name", ["a.b", "a.b.sigmf-meta", "a.b.sigmf-data"])
def test_what_is_written_is_read_back_by_any_of_its_names(made, name):
    found = open_recording(made.with_name(name))
    assert np.array_equal(found.read(0, 2000), noise(1000)) and np.array_equal(found.read(990, 99), noise(1000)[990:])
    assert (found.sample_rate_hz, found.centre_hz, found.description) == (20e6, 5.25e9, "a test")
    assert len(found) == 1000 and found.annotations[0]["gensc:mcs"] == 7


@pytest.mark.parametrize(("datatype", "kind", "zero", "scale"), [
    ("ci16_le", "<i2", 0, 2**15), ("ci16_be", ">i2", 0, 2**15), ("ci8", "i1", 0, 2**7), ("cu8", "u1", 2**7, 2**7),
    ("cu16_le", "<u2", 2**15, 2**15), ("cf32_be", ">f4", 0, 1), ("cf64_le", "<f8", 0, 1), ("ci32_le", "<i4", 0, 2**31)])
def test_the_sample_formats_of_other_programs(tmp_path, datatype, kind, zero, scale):
    limits = (-3, 3) if "f" in datatype else (np.iinfo(kind).min, np.iinfo(kind).max)
    raw = np.random.default_rng(1).integers(*limits, (500, 2), endpoint=True).astype(kind)
    found = open_recording(foreign(tmp_path, datatype, raw.tobytes())).read(0, 500)
    expected = (raw.astype(np.float64) - zero) / scale
    assert found.dtype == np.complex64
    assert np.allclose(found, expected[:, 0] + 1j * expected[:, 1], atol=1e-6)


def test_a_long_recording_is_read_in_pieces(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "CHUNK", 64)
    found = open_recording(write_recording(tmp_path / "a", [(noise(1000), None)], 20e6, 0.0, ""))
    pieces = list(chunks(found))
    assert [start for start, _ in pieces] == list(range(0, 1000, 64)) and max(len(part) for _, part in pieces) == 64
    assert np.array_equal(np.concatenate([part for _, part in pieces]), noise(1000))


@pytest.mark.skipif(not os.path.exists("/proc/self/status"), reason="reads the peak memory from /proc")
def test_a_recording_larger_than_the_memory_it_may_take(tmp_path):
    """168 MB of samples are written and opened within 100 MB more than the imports take."""
    code = """
import sys
import numpy as np
from pathlib import Path
import sigmf, sigmf.validate
from gensc.radio.recording import open_recording
from gensc.radio.sigmf import write_recording

def peak():
    # Not ru_maxrss, which a new program inherits from the process that started it.
    return int(Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0])

write_recording(Path(sys.argv[1]) / "warm", [(np.ones(1, np.complex64), None)], 20e6, 0.0, "")
open_recording(Path(sys.argv[1]) / "warm")
before = peak()
parts = ((np.full(1 << 20, 1 + 1j, np.complex64), None) for _ in range(20))
found = open_recording(write_recording(Path(sys.argv[1]) / "long", parts, 20e6, 0.0, ""))
print(len(found), peak() - before)
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True)
    samples, kilobytes = map(int, done.stdout.split())
    assert samples == 20 << 20 and kilobytes < 100_000, kilobytes


@pytest.mark.parametrize(("change", "says"), [
    (lambda meta: os.truncate(meta.with_suffix(".sigmf-data"), 7996), "cut off: 7996 bytes are no whole number"),
    (lambda meta: os.truncate(meta.with_suffix(".sigmf-data"), 4000), "cut off: 500 samples, but .* describes 600"),
    (lambda meta: os.truncate(meta.with_suffix(".sigmf-data"), 6400), "hash"),
    (lambda meta: os.truncate(meta.with_suffix(".sigmf-data"), 0), "is empty"),
    (lambda meta: meta.with_suffix(".sigmf-data").unlink(), "a.b.sigmf-data is not there"),
    (lambda meta: meta.unlink(), "a.b.sigmf-meta is not there"),
    (lambda meta: meta.write_text(meta.read_text()[:200]), "no JSON"),
    (lambda meta: meta.write_bytes(b"\xff\xd8\xff\xe0 a picture"), "no JSON"),
    (lambda meta: meta.write_text("[" * 100_000), "no JSON"),
    (lambda meta: meta.write_text("{}"), "'global' is a required property"),
    (lambda meta: meta.write_text("[1, 2]"), "no SigMF metadata|schema"),
    (lambda meta: edited(meta, lambda m: m.update(captures=[7])), "no SigMF metadata|schema"),
    (lambda meta: edited(meta, lambda m: m["global"].pop("core:datatype")), "core:datatype"),
    (lambda meta: edited(meta, lambda m: m["global"].update({"core:datatype": "cf128"})), "core:datatype"),
    (lambda meta: edited(meta, lambda m: m["global"].update({"core:datatype": "rf32_le"})), "real samples"),
    (lambda meta: edited(meta, lambda m: m["global"].update({"core:sample_rate": "fast"})), "core:sample_rate"),
    (lambda meta: edited(meta, lambda m: m["global"].update({"core:sample_rate": -1})), "sample.rate"),
    (lambda meta: edited(meta, lambda m: m["global"].pop("core:sample_rate")), "no sample rate"),
    (lambda meta: edited(meta, lambda m: m["global"].update({"core:num_channels": 2})), "2 channels"),
    (lambda meta: edited(meta, lambda m: m["global"].update({"core:dataset": "x.bin"})), "non-conforming"),
    (lambda meta: edited(meta, lambda m: m["captures"][0].update({"core:sample_start": -1})), "sample_start"),
    (lambda meta: edited(meta, lambda m: m["annotations"][0].update({"core:sample_count": 10**9})), "cut off"),
])
def test_a_damaged_or_foreign_recording_is_refused(made, change, says):
    change(made)
    with pytest.raises(InputError, match=says):
        open_recording(made)


def test_one_flipped_bit_is_noticed(made):
    data = made.with_suffix(".sigmf-data")
    changed = bytearray(data.read_bytes())
    changed[4001] ^= 1
    data.write_bytes(changed)
    with pytest.raises(InputError, match="has changed"):
        open_recording(made)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), complex(0, float("nan"))])
def test_samples_that_are_no_numbers_are_counted_and_placed(tmp_path, monkeypatch, bad):
    monkeypatch.setattr(reading, "CHUNK", 64)
    x = noise(1000)
    x[[333, 700, 999]] = bad
    with pytest.raises(InputError, match=r"3 samples of 1000 .* the first at sample 333"):
        open_recording(foreign(tmp_path, "cf32_le", x.astype("<c8").tobytes()))


@pytest.mark.parametrize("name", ["a.sigmf", "a.sigmf.gz", "a.sigmf-collection"])
def test_archives_are_named_as_what_they_are(tmp_path, name):
    (tmp_path / name).write_bytes(b"")
    with pytest.raises(InputError, match="archive"):
        open_recording(tmp_path / name)


@pytest.mark.parametrize(("parts", "says"), [
    ([(noise(100), None), (np.array([1, complex("nan")], np.complex64), None)], "infinite, the first at sample 101"),
    ([], "no samples"),
    ([(np.ones(5), None)], "expected complex"),
    ([(np.ones((5, 2), np.complex64), None)], "expected complex"),
])
def test_nothing_is_left_of_a_recording_that_fails(tmp_path, parts, says):
    with pytest.raises(InputError, match=says):
        write_recording(tmp_path / "a", parts, 20e6, 0.0, "")
    assert not list(tmp_path.iterdir())


def test_a_failed_recording_leaves_the_one_before_it(made):
    before = made.read_bytes(), made.with_suffix(".sigmf-data").read_bytes()
    with pytest.raises(InputError):
        write_recording(made, [(np.ones(5), None)], 20e6, 0.0, "")
    assert (made.read_bytes(), made.with_suffix(".sigmf-data").read_bytes()) == before


@pytest.mark.parametrize("rate", [0.0, -1.0, float("nan"), float("inf")])
def test_a_rate_is_a_positive_number(tmp_path, rate):
    with pytest.raises(InputError, match="sample_rate_hz"):
        write_recording(tmp_path / "a", [(noise(5), None)], rate, 0.0, "")
