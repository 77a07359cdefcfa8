"""The columns of the GenSC-6G format, for Arrow and for the Hugging Face ``datasets`` package."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

_Kind = tuple[pa.DataType, dict[str, Any]]

_NUMBER = {"dtype": "float32", "_type": "Value"}
_TEXT: _Kind = (pa.string(), {"dtype": "string", "_type": "Value"})
_IMAGE: _Kind = (pa.struct([("bytes", pa.binary()), ("path", pa.string())]), {"_type": "Image"})


def clean_column(model: str) -> str:
    """The column of a backbone's features as they are."""
    return f"classification_{model}_features"


def noisy_column(model: str, snr_db: float) -> str:
    """The column of a backbone's features after a channel of ``snr_db``: awgn10dB, awgn-10dB, awgn2.5dB."""
    return f"classification_awgn{shown(snr_db)}dB_{model}_features"


def shown(number: float) -> str:
    """A finite number in full, without a needless ".0": two numbers never look the same."""
    return str(int(number)) if number == int(number) else repr(number)


def schema(classes: Sequence[str], widths: Mapping[str, int], knowledge: Sequence[str]) -> pa.Schema:
    """The Arrow schema, with the Hugging Face features in its metadata.

    ``widths`` is the length of every feature column by its name, in order; ``knowledge`` is what the source
    knows besides the class, of mask, box and caption.
    """
    known: dict[str, _Kind] = {"mask": _IMAGE, "box": _vector(4), "caption": _TEXT}
    columns: dict[str, _Kind] = {
        "image": _IMAGE,
        "image_path": _TEXT,
        "classification_class": (pa.int64(), {"names": list(classes), "_type": "ClassLabel"}),
        **{name: _vector(width) for name, width in widths.items()},
        **{name: known[name] for name in knowledge},
    }
    features = {name: feature for name, (_, feature) in columns.items()}
    fields = [pa.field(name, kind) for name, (kind, _) in columns.items()]
    return pa.schema(fields, metadata={"huggingface": json.dumps({"info": {"features": features}})})


def _vector(length: int) -> _Kind:
    # "Sequence" rather than the newer "List": every version of datasets from 3 on reads it.
    return pa.list_(pa.float32(), length), {"feature": _NUMBER, "length": length, "_type": "Sequence"}
