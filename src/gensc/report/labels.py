"""How a scheme is called in tables and plots: backbone, decoder, transport and channel.

Two schemes never carry the same four labels and the same number of channel uses.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal

from gensc import config
from gensc.config import Experiment, Part
from gensc.registry import lookup, options_of

Role = Literal["learned", "separate", "bound"]
GENSC6G = "[gensc6g]"
_HEADS = {"3xfc": "3xFC", "2xfc": "2xFC"}
_MODES = {"frozen": "", "finetune": "fine-tuned", "scratch": "from scratch"}
_OUTPUTS = {"pooled": "", "logits": "logits", "map": "map"}


@dataclass(frozen=True)
class Labels:
    """The four labels of a scheme."""

    backbone: str
    decoder: str
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


def is_gensc6g(experiment: Experiment) -> bool:
    """Whether the scheme's "snr_db" is taken as a plain ratio, as the code of the GenSC-6G paper does."""
    return option("transport", experiment.link.transport, "convention") == "gensc6g"


def role(experiment: Experiment) -> Role:
    """What a scheme is beside the others: "separate" source and channel coding of picture files, a "bound" that
    sends what Shannon's capacity allows, or a "learned" link."""
    if experiment.link.transport.name == "capacity":
        return "bound"
    return "separate" if experiment.link.codec.name == "picture" else "learned"


def _plain(experiment: Experiment) -> Labels:
    link = experiment.link
    model = option("codec", link.codec, "model") or option("codec", link.codec, "format") or link.codec.name
    mode = _MODES.get(option("codec", link.codec, "mode"), "")
    output = _OUTPUTS.get(option("codec", link.codec, "output"), "")
    head = option("task", link.task, "head") or link.task.name
    csi = f"csi={experiment.evaluate.csi}" if experiment.evaluate.csi == "none" else ""
    return Labels(_joined(model, mode, output), _HEADS.get(head, head), _joined(_transport(link.transport), csi),
                  _joined(link.channel.name, *_given("channel", link.channel, ())))


def _transport(part: Part) -> str:
    mapping = option("transport", part, "mapping") if "mapping" in _given_names("transport", part) else ""
    mark = GENSC6G if option("transport", part, "convention") == "gensc6g" else ""
    return _joined(part.name, mapping, *_given("transport", part, ("uses", "mapping", "convention")), mark)


def _given_names(kind: str, part: Part) -> list[str]:
    known = options_of(lookup(kind, part.name))
    return [name for name, value in part.options.items() if name not in known or known[name][1] != value]


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
    owner = {"link.codec.": "backbone", "link.task.": "decoder", "link.channel.": "channel"}
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
