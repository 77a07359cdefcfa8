"""Tensors and what is known of them in one safetensors file: reading it runs no code."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file
from safetensors.torch import save as dump
from torch import Tensor

from gensc.errors import InputError
from gensc.machine import files

HEADER = "gensc"


def write(path: Path, tensors: Mapping[str, Tensor], facts: Mapping[str, Any]) -> None:
    """Write tensors with ``facts`` (JSON) in the file's header, whole or not at all."""
    whole = dump({name: value.contiguous().cpu() for name, value in tensors.items()}, {HEADER: json.dumps(facts)})
    files.write_with(path, lambda temporary: temporary.write_bytes(whole))


def read(path: Path, what: str, source: str) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """The tensors of a file and its facts. Raises InputError where it is missing or no ``what`` ("link file"), saying
    which commands write such files (``source``)."""
    if not path.exists():
        raise InputError(f"there is no {what} {path}: {source}")
    try:
        with safe_open(path, framework="pt") as opened:
            facts = json.loads((opened.metadata() or {})[HEADER])
        tensors = load_file(path)
    except (SafetensorError, OSError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise InputError(f"{path} is no {what} of gensc ({type(error).__name__}): {source}") from error
    if not isinstance(facts, dict):
        raise InputError(f"{path} is no {what} of gensc (its header is no table): {source}")
    return tensors, facts
