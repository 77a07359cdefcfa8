"""The classical link beside a semantic one: the same channel uses, channel and task."""

import math
from dataclasses import replace
from typing import Any, get_args

from gensc import config
from gensc.codec.picture.codec import Format
from gensc.config import Experiment
from gensc.errors import InputError
from gensc.link import make
from gensc.registry import lookup, nearest, options_of

Scheme = dict[str, Any]
CLASSICAL = ("digital", "wifi7", "capacity")
FADING_TARGET = 0.1
"""Over block fading a target of 1 % would cost most of the rate: deep fades are lost anyway."""


def with_baseline(experiment: Experiment, formats: tuple[str, ...]) -> Experiment:
    """The experiment and, for each of its links, separate source and channel coding at equal uses.

    Links that deliver pictures are set against picture files (``formats``) over ``digital``, and against the bound,
    the same files over ``capacity``. Links of features are set against the same features, quantised and
    entropy-coded, over both. Raises InputError for an unknown format, and where nothing is to be compared.
    """
    for one in formats:
        if one not in get_args(Format):
            raise InputError(f"there is no picture format {one!r}{nearest(one, get_args(Format))}: expected "
                             f"{', '.join(get_args(Format))}, between commas")
    schemes = config.combinations(experiment)
    added: list[Scheme] = []
    for scheme, link in zip(schemes, config.expand(experiment), strict=True):
        for made in _separate(scheme, link, formats):
            if made not in schemes + added:
                added.append(made)
    if not added:
        raise InputError(f"{experiment.name}: all its links are classical ones already; leave --baseline out")
    return replace(experiment, schemes=(*schemes, *added), grid={})


def _separate(scheme: Scheme, experiment: Experiment, formats: tuple[str, ...]) -> list[Scheme]:
    link = experiment.link
    if link.transport.name in CLASSICAL:
        return []
    pictures = link.task.name == "reconstruct"
    dropped = ("link.transport.", "link.codec.", "train.") if pictures else ("link.transport.",)
    kept = {key: value for key, value in scheme.items() if not key.startswith(dropped)}
    codecs: list[Scheme] = [{}]
    if pictures:
        codecs = [{"link.codec.name": "picture", "link.codec.format": one} for one in formats]
    uses = _uses(experiment)
    transports = _digital(experiment, uses), _bound(uses)
    return [{**kept, **codec, **transport} for codec in codecs for transport in transports]


def _uses(experiment: Experiment) -> int:
    """Channel uses of an item of a link: its option, or half as many as there are features."""
    part = experiment.link.transport
    known = options_of(lookup("transport", part.name))
    if "uses" in known:
        return int(part.options.get("uses", known["uses"][1]))
    codec = make("codec", experiment.link.codec, size=experiment.data.size)
    return math.ceil(math.prod(codec.shape) / 2)


def _digital(experiment: Experiment, uses: int) -> Scheme:
    scheme: Scheme = {"link.transport.name": "digital", "link.transport.uses": uses}
    channel = experiment.link.channel
    if channel.name in ("rayleigh", "rician") and channel.options.get("fading", "block") == "block":
        scheme |= {"link.transport.fading": "rayleigh", "link.transport.target": FADING_TARGET}
    return scheme


def _bound(uses: int) -> Scheme:
    return {"link.transport.name": "capacity", "link.transport.uses": uses}
