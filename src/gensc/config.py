"""An experiment as frozen dataclasses, to and from TOML.

An unknown key or a value of the wrong type is an InputError that names the nearest right key. The options
of a part (a codec, a transport, ...) are checked against its constructor when the link is built.
"""

import hashlib
import itertools
import json
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_type_hints

from gensc.errors import InputError
from gensc.machine.devices import DeviceName
from gensc.registry import checked, nearest
from gensc.signal import Csi


@dataclass(frozen=True)
class Part:
    """A registered part by name, with the options of its constructor."""

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class DataSpec:
    """What is sent. ``source`` and ``test`` are data specs ("vehicles", "folder:PATH", ...); without ``test``,
    ``test_share`` of the source is held out, stratified by class and seeded. ``validation`` is the share of
    the rest that chooses the model. ``size`` is the side in px that pictures are cut and resized to, a square; 0 takes
    them as they are."""

    source: str = "vehicles"
    test: str = ""
    size: int = 224
    seed: int = 0
    validation: float = 0.15
    test_share: float = 0.2
    allow_duplicates: bool = False


@dataclass(frozen=True)
class LinkSpec:
    """A link, noun by noun."""

    codec: Part = Part("backbone")
    transport: Part = Part("features")
    channel: Part = Part("awgn")
    task: Part = Part("classify")


@dataclass(frozen=True)
class TrainSpec:
    """How a link is trained: AdamW, one-cycle schedule that rises to ``rate`` over the share ``warmup`` of all steps
    and falls over the rest, at most ``epochs``, stopped when the
    validation loss has not improved for ``patience`` epochs; SNR drawn uniformly from ``snr_db`` (dB), an
    item at a time; ``views`` pictures of each item (1: as it is; more: seeded crops, flips and light).

    ``crop``: side in px of the part of each picture that a step sees, drawn anew each time and mirrored every second
    time; validation takes the centre; 0 takes whole pictures. ``average``: decay a step of the exponential moving
    average of the weights, which is what is validated and kept; 0 keeps the weights themselves. ``clip``: the
    largest norm of a step's gradient, 0 for none. ``precision`` of what matrix products and convolutions compute in.
    ``start``: a link file, or the name of a packaged link, whose weights training starts from; with 0 ``epochs``
    the link is scored with them as they are. ``codec_rate``: factor on ``rate`` for the codec's own parameters, e.g.
    0.1 for a pretrained network."""

    epochs: int = 40
    batch: int = 64
    rate: float = 3e-3
    weight_decay: float = 0.05
    patience: int = 12
    snr_db: tuple[float, ...] = (-10.0, 30.0)
    views: int = 1
    crop: int = 0
    average: float = 0.0
    clip: float = 0.0
    precision: Literal["float32", "bfloat16"] = "float32"
    start: str = ""
    warmup: float = 0.3
    codec_rate: float = 1.0


@dataclass(frozen=True)
class EvaluateSpec:
    """Where a link is scored: Es/N0 in dB, and ``csi`` "receiver", "both", "pilots" or "none". ``uses_of``: the place
    of the link of the experiment whose channel uses, item by item as measured, this one is granted; -1: its own."""

    snr_db: tuple[float, ...] = (-10.0, 0.0, 10.0, 30.0)
    csi: Csi = "receiver"
    uses_of: int = -1


@dataclass(frozen=True)
class Experiment:
    """Everything that decides a result. ``schemes`` are sets of changes ("link.transport.uses": 64), one
    link each; ``grid`` maps a key to its values and is crossed with the schemes; each runs with every seed. ``device``:
    where links are trained and scored."""

    name: str = "experiment"
    seeds: tuple[int, ...] = (0, 1, 2)
    device: DeviceName = "auto"
    data: DataSpec = DataSpec()
    link: LinkSpec = LinkSpec()
    train: TrainSpec = TrainSpec()
    evaluate: EvaluateSpec = EvaluateSpec()
    schemes: tuple[dict, ...] = ()
    grid: Mapping[str, Any] = field(default_factory=dict)


def load(path: Path) -> Experiment:
    """Read an experiment file. Raises InputError that names the file, the key and what was expected."""
    try:
        return from_table(tomllib.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError:
        raise InputError(f"there is no experiment file {path}: give a path, or a name from `gensc list`") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise InputError(f"{path} can't be read as TOML: {error}") from error
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def from_table(table: Mapping[str, Any]) -> Experiment:
    """An experiment from nested tables, every key and type checked."""
    experiment: Experiment = _parse(Experiment, table, "")
    _check_ranges(experiment)
    return experiment


def _parse(made: Any, table: Any, where: str) -> Any:
    if not isinstance(table, Mapping):
        raise InputError(f"[{where}] is {table!r}: expected a table")
    if made is Part:
        options = dict(table)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise InputError(f"[{where}] needs a name, e.g. name = \"awgn\" (see: gensc list)")
        return Part(name, options)
    hints = get_type_hints(made)
    known = {f.name: (hints[f.name], f.default if f.default is not MISSING else None) for f in fields(made)}
    nested = {n: t for n, (t, _) in known.items() if is_dataclass(t)}
    plain = {n: v for n, v in table.items() if n not in nested}
    dotted = f"{where}." if where else ""
    owner = f"[{where}]" if where else "the experiment"
    parsed = checked(owner, known, plain)
    for name, kind in nested.items():
        if name in table:
            parsed[name] = _parse(kind, table[name], dotted + name)
    return made(**parsed)


def _check_ranges(experiment: Experiment) -> None:
    data, train, seeds = experiment.data, experiment.train, experiment.seeds
    shares = {"data.validation": data.validation, "data.test_share": data.test_share}
    for key, share in shares.items():
        if not 0 < share < 1:
            raise InputError(f"{key} is {share}: expected a share between 0 and 1, e.g. 0.2")
    fewest = 0 if train.start else 1
    counts = {"data.size": (data.size or 32, 32), "train.epochs": (train.epochs, fewest),
              "train.batch": (train.batch, 2), "train.patience": (train.patience, 1), "train.views": (train.views, 1)}
    for key, (count, least) in counts.items():
        if count < least:
            raise InputError(f"{key} is {count}: expected {least} or more")
    if not 0 < train.warmup < 1:
        raise InputError(f"train.warmup is {train.warmup}: expected a share of the steps between 0 and 1, e.g. 0.3")
    if not train.rate > 0 or not train.weight_decay >= 0 or not train.codec_rate > 0:
        raise InputError(f"train.rate is {train.rate}, train.codec_rate {train.codec_rate} and train.weight_decay "
                         f"{train.weight_decay}: expected rates above 0 and a decay of 0 or more")
    if train.crop < 0 or 0 < data.size < train.crop:
        raise InputError(f"train.crop is {train.crop}: expected 0 for whole pictures, or a side of up to data.size, "
                         f"{data.size} px")
    if not 0 <= train.average < 1 or not train.clip >= 0:
        raise InputError(f"train.average is {train.average} and train.clip {train.clip}: expected a decay of 0 (no "
                         "average) to below 1, e.g. 0.999, and a norm of 0 (none) or more")
    if len(train.snr_db) != 2 or not train.snr_db[0] <= train.snr_db[1]:
        raise InputError(f"train.snr_db is {list(train.snr_db)}: expected [lowest, highest] in dB, e.g. [-10, 30]")
    for key, values in {"train.snr_db": train.snr_db, "evaluate.snr_db": experiment.evaluate.snr_db}.items():
        if any(v != v or v == float("-inf") for v in values) or not values:
            raise InputError(f"{key} is {list(values)}: expected numbers of dB (inf switches the noise off)")
    if not seeds or len(set(seeds)) != len(seeds) or min(seeds) < 0 or max(seeds) >= 2**31:
        raise InputError(f"seeds is {list(seeds)}: expected different numbers from 0 to 2147483647, e.g. [0, 1, 2]")


def to_table(experiment: Experiment) -> dict[str, Any]:
    """The experiment as nested tables of plain values; ``from_table`` gives the same experiment back."""
    return _plain(experiment)


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return {"name": value.name, **_plain(value.options)}
    if is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, tuple | list) else value


def changed(experiment: Experiment, changes: Mapping[str, Any]) -> Experiment:
    """The experiment with dotted keys set ("link.transport.uses": 64). A new ``name`` of a part drops the
    options of the old one, not those that are set with it."""
    table = to_table(experiment)
    for key, value in sorted(changes.items(), key=lambda change: not change[0].endswith(".name")):
        *path, last = key.split(".")
        place = table
        for step in path:
            if not isinstance(place.get(step), dict):
                raise InputError(f"there is no {step!r} in the key {key!r}{nearest(step, place)}: "
                                 f"here are {', '.join(place)}")
            place = place[step]
        if last == "name" and len(path) == 2 and path[0] == "link" and place.get("name") != value:
            place.clear()
        place[last] = value
    return from_table(table)


def expand(experiment: Experiment) -> tuple[Experiment, ...]:
    """The experiments behind the schemes and the grid, each without either."""
    base = replace(experiment, schemes=(), grid={})
    made = [changed(base, combination) for combination in combinations(experiment)]
    for place, one in enumerate(made):
        if one in made[:place]:
            raise InputError(f"links {made.index(one) + 1} and {place + 1} of {experiment.name} are the same: "
                             "leave one out of its schemes or grid")
    return tuple(made)


def combinations(experiment: Experiment) -> list[dict[str, Any]]:
    """The changes that make each link of an experiment: its schemes crossed with its grid."""
    axes = []
    for key, values in experiment.grid.items():
        if not isinstance(values, tuple | list) or not values:
            raise InputError(f"grid.{key} is {values!r}: expected a list of values")
        axes.append([{key: value} for value in values])
    return [{key: value for part in combination for key, value in part.items()}
            for combination in itertools.product(list(experiment.schemes) or [{}], *axes)]


def digest(experiment: Experiment, *more: object) -> str:
    """Hex identity of everything that decides a result, and of what else is given."""
    text = json.dumps([to_table(experiment), *more], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def to_toml(experiment: Experiment) -> str:
    """The experiment as TOML text that ``load`` reads back."""
    table = to_table(experiment)
    lines = [f"{key} = {_toml(value)}" for key, value in table.items() if not isinstance(value, dict)]
    for key, value in table.items():
        if isinstance(value, dict):
            lines += ["", f"[{key}]", *(f"{_toml_key(name)} = {_toml(one)}" for name, one in value.items())]
    return "\n".join(lines) + "\n"


def _toml_key(key: str) -> str:
    return key if key.isascii() and key.replace("_", "").isalnum() else _toml(key)


def _toml(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], dict):
        return "[\n" + "".join(f"    {_toml(one)},\n" for one in value) + "]"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_toml_key(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_toml(one) for one in value) + "]"
    if isinstance(value, float) and value in (float("inf"), float("-inf")):
        return "inf" if value > 0 else "-inf"
    if isinstance(value, str):
        # JSON escapes beyond the basic plane as surrogate pairs, which TOML forbids; TOML forbids a bare DEL.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
