"""A SigMF recording read: checked when it is opened, then read piece by piece.

SigMF: Signal Metadata Format, a data file of samples (.sigmf-data) beside a JSON file (.sigmf-meta) that
describes them; https://sigmf.org.
"""

import json
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from gensc.errors import InputError

if TYPE_CHECKING:
    from sigmf import SigMFFile

META, DATA = ".sigmf-meta", ".sigmf-data"
PACKED = (".sigmf", ".sigmf.gz", ".sigmf.xz", ".sigmf.zip", ".sigmf-collection")
CHUNK = 1 << 20
LARGEST_META = 1 << 26
QUOTED = 200


@dataclass(frozen=True)
class Recording:
    """An opened recording: ``len`` complex samples; ``annotations`` and ``captures`` as its metadata has them."""

    path: Path
    sample_rate_hz: float
    centre_hz: float | None
    description: str
    captures: tuple[Mapping[str, Any], ...]
    annotations: tuple[Mapping[str, Any], ...]
    samples: int
    file: "SigMFFile"

    def __len__(self) -> int:
        return self.samples

    def read(self, start: int, count: int) -> np.ndarray:
        """complex64 [count] from sample ``start``, fewer where the recording ends; integers scaled to [-1, 1)."""
        count = min(count, self.samples - start)
        if start < 0 or count < 1:
            return np.zeros(0, np.complex64)
        return np.asarray(self.file.read_samples(start, count), np.complex64)


def open_recording(path: Path) -> Recording:
    """The recording of a .sigmf-meta file (or its .sigmf-data, or the name that both share).

    Reads the whole data file once, in pieces. Raises InputError where a file is missing, truncated, foreign or
    does not match its hash; where the samples are real, of several channels, nan or infinite; on archives.
    """
    meta_path, data_path = _places(path)
    metadata = _metadata(meta_path)
    file = _opened(meta_path, data_path, metadata)
    info, captures, annotations = metadata["global"], metadata["captures"], metadata["annotations"]
    recording = Recording(
        path=meta_path, sample_rate_hz=float(info["core:sample_rate"]),
        centre_hz=captures[0].get("core:frequency") if captures else None,
        description=info.get("core:description", ""), captures=tuple(captures), annotations=tuple(annotations),
        samples=file.sample_count, file=file)
    _check_finite(recording)
    return recording


def chunks(recording: Recording) -> Iterator[tuple[int, np.ndarray]]:
    """All samples in pieces: (where it starts, complex64 [up to CHUNK])."""
    for start in range(0, len(recording), CHUNK):
        yield start, recording.read(start, CHUNK)


def _places(path: Path) -> tuple[Path, Path]:
    name = path.name
    if name.lower().endswith(PACKED):
        raise InputError(f"{path} is a SigMF archive or collection: unpack it (e.g. tar xf {name}) and name the "
                         f"{META} file in it")
    stem = name.removesuffix(META).removesuffix(DATA)
    meta, data = path.with_name(stem + META), path.with_name(stem + DATA)
    if not meta.is_file():
        raise InputError(f"{meta} is not there: a SigMF recording is two files, {stem}{META} and {stem}{DATA}")
    return meta, data


def _metadata(path: Path) -> dict[str, Any]:
    """The metadata, right in every core field that is read here."""
    from sigmf import validate

    if path.stat().st_size > LARGEST_META:
        raise InputError(f"{path} has {path.stat().st_size} bytes: SigMF metadata of more than {LARGEST_META} bytes "
                         "is not read; drop some of its annotations")
    try:
        metadata = json.loads(path.read_bytes())
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} is no SigMF metadata, for it is no JSON ({error}): record it anew, or name "
                         f"another {META} file") from None
    try:
        with warnings.catch_warnings():
            # Undeclared extensions of other programs: their fields are not read.
            warnings.simplefilter("ignore", DeprecationWarning)
            validate.validate(metadata)
    except validate.jsonschema.exceptions.ValidationError as error:
        raise InputError(f"{path} breaks the SigMF schema at {error.json_path}: {error.message[:QUOTED]}; mend "
                         "that field") from None
    except (TypeError, KeyError, AttributeError) as error:
        raise InputError(f"{path} is JSON but no SigMF metadata ({error!r}): name a {META} file") from None
    _check_core(path, metadata)
    return dict(metadata)


def _check_core(path: Path, metadata: Mapping[str, Any]) -> None:
    """What the schema allows and a receiver of one complex signal can't use."""
    info = metadata["global"]
    if "core:sample_rate" not in info or not info["core:sample_rate"] > 0:
        raise InputError(f"{path} says no sample rate: add core:sample_rate (Hz, above 0) to its global object")
    if not str(info["core:datatype"]).startswith("c"):
        raise InputError(f"{path} holds real samples ({info['core:datatype']}): expected complex ones such as "
                         "cf32_le; make an analytic signal of them first")
    if info.get("core:num_channels", 1) != 1:
        raise InputError(f"{path} holds {info['core:num_channels']} channels: expected one; write each to a "
                         "recording of its own")
    foreign = [key for key in ("core:dataset", "core:trailing_bytes", "core:metadata_only") if info.get(key)]
    foreign += ["core:header_bytes" for capture in metadata["captures"] if capture.get("core:header_bytes")]
    if foreign:
        raise InputError(f"{path} describes a non-conforming dataset ({foreign[0]}): copy its samples alone into a "
                         f"{DATA} file and drop the field")


def _opened(meta_path: Path, data_path: Path, metadata: Mapping[str, Any]) -> "SigMFFile":
    from sigmf import SigMFFile
    from sigmf.error import SigMFError
    from sigmf.sigmffile import dtype_info

    if not data_path.is_file():
        raise InputError(f"{data_path} is not there: copy it beside {meta_path.name}, which describes it")
    size, each = data_path.stat().st_size, dtype_info(metadata["global"]["core:datatype"])["sample_size"]
    if not size:
        raise InputError(f"{data_path} is empty: record it again, or copy it whole")
    if size % each:
        raise InputError(f"{data_path} is cut off: {size} bytes are no whole number of samples of {each} bytes "
                         f"({metadata['global']['core:datatype']}); copy it again")
    described = max((one["core:sample_start"] + one.get("core:sample_count", 0)
                     for one in (*metadata["captures"], *metadata["annotations"])), default=0)
    described -= metadata["global"].get("core:offset", 0)
    if described > size // each:
        raise InputError(f"{data_path} is cut off: {size // each} samples, but {meta_path.name} describes "
                         f"{described}; copy it again")
    try:
        return SigMFFile(metadata=dict(metadata), data_file=data_path)
    except SigMFError as error:
        raise InputError(f"{data_path} is not what {meta_path.name} describes ({error}): a byte of it has changed "
                         "since its hash was taken, so copy both files again") from None


def _check_finite(recording: Recording) -> None:
    bad, first = 0, -1
    for start, part in chunks(recording):
        found = np.flatnonzero(~np.isfinite(part))
        if len(found) and not bad:
            first = start + int(found[0])
        bad += len(found)
    if bad:
        raise InputError(f"{recording.path} holds {bad} samples of {len(recording)} that are nan or infinite, the "
                         f"first at sample {first}: cut them out or record again")
