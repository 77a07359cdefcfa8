"""How a scheme is called in tables and plots: codec, task, transport and channel.

Two schemes never carry the same four labels and the same number of channel uses.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from gensc import config
from gensc.config import Experiment, Part
from gensc.registry import lookup, options_of

Role = Literal["learned", "separate", "ideal"]
# Options, of whatever part has them, whose value alone says more than "name=value".
_INSTEAD = ("model", "format")
_BESIDE = ("head",)
_BARE = ("mode", "output", "mapping")
_CONVENTION = "convention"


@dataclass(frozen=True)
class Labels:
    """The four labels of a scheme."""

    codec: str
    task: str
    transport: str
    channel: str


def labels(experiments: tuple[Experiment, ...]) -> list[Labels]:
    """The labels of every scheme, in order; those that would coincide get the options that tell them apart."""
    plain = [_plain(one) for one in experiments]
    same: dict[tuple[Labels, Any], list[int]] = defaultdict(list)
    for scheme, (label, one) in enumerate(zip(plain, experiments, strict=True)):
        same[label, option("transport", one.link.transport, "uses")].append(scheme)
    for schemes in same.values():
        if len(schemes) > 1:
            for scheme, label in zip(schemes, _told_apart([experiments[s] for s in schemes], plain[schemes[0]]),
                                     strict=True):
                plain[scheme] = label
    return plain


def option(kind: str, part: Part, name: str) -> Any:
    """An option's value as given or by default; None where the part has no such option."""
    _, default = options_of(lookup(kind, part.name)).get(name, (None, None))
    return part.options.get(name, default)


def convention(experiment: Experiment) -> str:
    """The name of the convention by which the scheme's transport takes the number in "snr_db" as a plain ratio, as its
    option "convention" says it; "" where that is Es/N0 in dB."""
    transport = experiment.link.transport
    given = _CONVENTION in _given_names("transport", transport)
    return str(transport.options[_CONVENTION]) if given else ""


def mark(name: str) -> str:
    """How a convention is marked wherever it appears, "[name]"; "" for Es/N0 in dB."""
    return f"[{name}]" if name else ""


def role(experiment: Experiment) -> Role:
    """What a scheme is beside the others, as its parts declare it: an "ideal" channel code, the "separate" source and
    channel coding of today, or a "learned" link."""
    transport, codec = (lookup(kind, getattr(experiment.link, kind).name) for kind in ("transport", "codec"))
    kind = getattr(transport, "role", "link")
    if kind == "ideal":
        return "ideal"
    return "separate" if kind == "separate" and getattr(codec, "classical", False) else "learned"


def _plain(experiment: Experiment) -> Labels:
    link = experiment.link
    csi = f"csi={experiment.evaluate.csi}" if experiment.evaluate.csi == "none" else ""
    transport = _joined(link.transport.name, *_bare("transport", link.transport),
                        *_given("transport", link.transport, ("uses", _CONVENTION, *_BARE)),
                        mark(convention(experiment)), csi)
    return Labels(_called("codec", link.codec), _called("task", link.task), transport,
                  _joined(link.channel.name, *_given("channel", link.channel, ())))


def _called(kind: str, part: Part) -> str:
    """A part's name, or the network or format that it goes by, with the head and the manner that it has."""
    name = next((value for value in (option(kind, part, name) for name in _INSTEAD) if value), part.name)
    of = option(kind, part, "of")
    if isinstance(of, Mapping):
        name = f"{name} by {next((of[one] for one in _INSTEAD if one in of), of.get('name', ''))}"
    return _joined(name, *(option(kind, part, name) or "" for name in _BESIDE), *_bare(kind, part))


def _bare(kind: str, part: Part) -> list[str]:
    return [str(part.options[name]) for name in _BARE if name in _given_names(kind, part)]


def _given_names(kind: str, part: Part) -> list[str]:
    options = options_of(lookup(kind, part.name))
    return [name for name, value in part.options.items() if name not in options or options[name][1] != value]


def _given(kind: str, part: Part, elsewhere: tuple[str, ...]) -> list[str]:
    return [f"{name}={_value(part.options[name])}" for name in _given_names(kind, part) if name not in elsewhere]


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        more = ",".join(f"{name}={_value(one)}" for name, one in value.items() if name != "name")
        return f"{value.get('name', '')}({more})" if more else str(value.get("name", ""))
    if isinstance(value, list | tuple):
        return ("+" if any(isinstance(one, Mapping) for one in value) else ",").join(_value(one) for one in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _told_apart(experiments: list[Experiment], label: Labels) -> list[Labels]:
    """``label`` for each of the experiments, with every setting that differs between them."""
    tables = [_flat(config.to_table(one)) for one in experiments]
    keys = [key for key in dict.fromkeys(key for table in tables for key in table)
            if any(table.get(key) != tables[0].get(key) for table in tables)]
    owner = {"link.codec.": "codec", "link.task.": "task", "link.channel.": "channel"}
    made = []
    for number, table in enumerate(tables):
        added: dict[str, list[str]] = {one.name: [] for one in fields(Labels)}
        for key in keys:
            place = next((label for start, label in owner.items() if key.startswith(start)), "transport")
            shown = key.rpartition(".")[2] if key.startswith("link.") else key
            value = _value(table[key]) if key in table else "default"
            added[place].append(f"{shown}={value}")
        if not keys:
            added["transport"].append(f"({number + 1})")
        made.append(replace(label, **{name: _joined(getattr(label, name), *more) for name, more in added.items()}))
    return made


def _flat(table: Mapping[str, Any], start: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping):
            flat.update(_flat(value, f"{start}{key}."))
        else:
            flat[start + key] = value
    return flat


def _joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)
