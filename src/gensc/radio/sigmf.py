"""A SigMF recording written: cf32_le samples and their metadata, both whole or neither there."""

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from gensc.errors import InputError
from gensc.machine import files
from gensc.radio.recording import DATA, META, PACKED

EXTENSION = {"name": "gensc", "version": "0.1.0", "optional": True}


@dataclass(frozen=True)
class Frame:
    """An annotation: a frame of ``samples`` from sample ``start``; ``fields`` are written as gensc:NAME."""

    start: int
    samples: int
    label: str
    fields: Mapping[str, int | float | str] = field(default_factory=dict)


def write_recording(path: Path, parts: Iterable[tuple[np.ndarray, Frame | None]], sample_rate_hz: float,
                    centre_hz: float, description: str) -> Path:
    """Write samples part by part (complex [N], with the frame that it is, or None for what is between frames;
    a frame's ``start`` counts from the part's first sample) and return the path of the metadata.

    ``path`` is NAME or NAME.sigmf-meta. Raises InputError on nan or infinite samples, on a rate that is no
    positive number, where nothing is to be written, and where the place can't be written.
    """
    from sigmf import SigMFFile

    if not 0 < sample_rate_hz < float("inf"):
        raise InputError(f"sample_rate_hz is {sample_rate_hz}: expected a number of samples per second, e.g. 20e6")
    meta_path, data_path = _places(path)
    with ExitStack() as whole:
        # Left in the opposite order: the data are in place before the metadata that speak of them.
        meta = whole.enter_context(files.replacing(meta_path))
        data = whole.enter_context(files.replacing(data_path))
        frames = _write_data(data, parts)
        info = {"core:datatype": "cf32_le", "core:sample_rate": float(sample_rate_hz),
                "core:description": description, "core:recorder": "gensc", "core:extensions": [EXTENSION]}
        file = SigMFFile(global_info=info)
        file.add_capture(0, {"core:frequency": float(centre_hz)})
        for one in frames:
            named = {f"gensc:{name}": value for name, value in one.fields.items()}
            file.add_annotation(one.start, one.samples, {"core:label": one.label, **named})
        # The library would write the temporary file's name into the metadata: only the hash is wanted of it.
        file.set_global_field("core:sha512", _sha512(data))
        file.validate()
        meta.write_text(file.dumps() + "\n", encoding="utf-8")
    return meta_path


def _places(path: Path) -> tuple[Path, Path]:
    if path.name.lower().endswith(PACKED):
        raise InputError(f"{path} names an archive: name a recording, e.g. {path.name.split('.')[0]}{META}")
    stem = path.name.removesuffix(META).removesuffix(DATA)
    if not stem:
        raise InputError(f"{path} has no name before {META}: give the recording one, e.g. frames{META}")
    return path.with_name(stem + META), path.with_name(stem + DATA)


def _write_data(place: Path, parts: Iterable[tuple[np.ndarray, Frame | None]]) -> list[Frame]:
    """The samples to ``place``; the frames with their starts in the whole recording."""
    frames, written = [], 0
    with place.open("wb") as out:
        for samples, frame in parts:
            x = np.asarray(samples)
            if x.ndim != 1 or not np.iscomplexobj(x):
                raise InputError(f"samples are {x.dtype} of shape {x.shape}: expected complex [N]")
            bad = np.flatnonzero(~np.isfinite(x))
            if len(bad):
                raise InputError(f"{len(bad)} samples are nan or infinite, the first at sample {written + bad[0]}: "
                                 "a recording holds finite samples only")
            if frame is not None:
                frames.append(Frame(written + frame.start, frame.samples, frame.label, frame.fields))
            out.write(x.astype("<c8").tobytes())
            written += len(x)
    if not written:
        raise InputError("there are no samples to record: give one or more")
    return frames


def _sha512(place: Path) -> str:
    from sigmf.hashing import calculate_sha512

    return str(calculate_sha512(filename=place))
