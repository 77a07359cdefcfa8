"""The LDPC codes of IEEE 802.11."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from gensc.errors import InputError
from gensc.phy.ldpc.quasicyclic import QuasiCyclic

LENGTHS = (648, 1296, 1944)
RATES = ("1/2", "2/3", "3/4", "5/6")
NAMES = tuple(f"{n}:{rate}" for n in LENGTHS for rate in RATES)
# The factors on the min-sum messages that lose fewest frames at a BLER of 1e-2 within 20 iterations, in a sweep
# from 0.74 to 0.86; docs/measured/ldpc_loss.csv holds where they stand against sum-product decoding.
SCALE = {"1/2": 0.82, "2/3": 0.77, "3/4": 0.77, "5/6": 0.77}


@dataclass(frozen=True)
class Code(QuasiCyclic):
    """A code of length n and ``rate``, its name as the command line writes it, e.g. "1944:1/2"."""

    rate: str


@cache
def code(n: int, rate: str) -> Code:
    """The IEEE 802.11-2020 code (Annex F) of length 648, 1296 or 1944 and rate "1/2", "2/3", "3/4" or "5/6"."""
    name = f"{n}:{rate}"
    if name not in NAMES:
        raise InputError(f"no 802.11 LDPC code {name}: n is one of {LENGTHS}, the rate one of {', '.join(RATES)}")
    table = _tables()[name]
    rows = len(table["shifts"])
    return Code(name, table["z"], tuple(map(tuple, table["shifts"])), core=rows,
                order=tuple(range(rows)), scale=SCALE[rate], rate=rate)


@cache
def _tables() -> dict:
    text = files("gensc.phy.ldpc").joinpath("ieee80211.json").read_text(encoding="utf-8")
    return json.loads(text)["codes"]
