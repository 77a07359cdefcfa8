"""Each part of what a codec sends its own way, over one channel."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any

import torch
from torch import Tensor, nn

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.registry import create, lookup, options_of, register
from gensc.signal import Form, Parts, State, part_of
from gensc.transport.bytewise import Bytewise
from gensc.transport.equalize import Equalizer, Reception
from gensc.transport.radio import Arrival, Emission, Radio

PARTS = {"main": {"name": "symbols"}, "side": {"name": "digital", "uses": 0, "target": 1e-4}}
"""The ways unless given: side information is lost with one item in 10,000, as its loss loses the whole item."""
SHARED = ("channel", "equalizer", "pilots", "bandwidth_hz")
WHO = "transport split"


@dataclass(frozen=True)
class _Stretch:
    """One part on the air: what its transport emitted, and the places int64 [B,k] of its symbols in the whole."""

    emission: Emission
    places: Tensor


@register("transport", "split")
class Split(Radio):
    """The symbols of each part one behind the other, as one transmission: all parts of an item meet the same channel.

    ``parts``: the name of each part of the codec and the transport that makes symbols of it, with its options, e.g.
    {main = {name = "symbols"}, side = {name = "digital", uses = 0}}. One part at most takes the channel uses that it
    needs, and comes first: its own header says where the others begin. Channel, equaliser, pilots (paid once) and
    bandwidth are the split's. An item arrived where all its parts did. The encoder is told the budget of the bytes that
    have fixed uses, and the price of those that take what they need; with csi "both" also the gain of each item.

    >>> from gensc import Rng, State, transport
    >>> split = transport.Split()
    >>> split.bind({"main": (64,), "side": None})
    {'main': (64,), 'side': None}
    >>> out = split({"main": torch.ones(2, 64), "side": (b"map", b"cut")}, State.of(20.0, 2, Rng.seeded(0)))
    >>> out.main.value.shape, out.parts["side"], out.cost.uses.tolist()
    (torch.Size([2, 64]), (b'map', b'cut'), [280.0, 280.0])
    """

    tells_gain = True

    def __init__(self, channel: Channel | None = None, parts: dict | None = None, equalizer: Equalizer = "mmse",
                 pilots: int = 0, bandwidth_hz: float = 20e6) -> None:
        super().__init__(channel, equalizer, pilots, bandwidth_hz)
        tables = PARTS if parts is None else parts
        if not tables:
            raise InputError("split: parts is empty; expected a transport for each part of the codec, e.g. "
                             "{main = {name = 'symbols'}, side = {name = 'digital', uses = 0}}")
        ways = {name: self._way(name, table) for name, table in tables.items()}
        if sum(way.free for way in ways.values()) > 1:
            raise InputError(f"split: the parts {', '.join(name for name, way in ways.items() if way.free)} all take "
                             "the channel uses that they need, and a receiver finds the end of one such part: give "
                             "the others uses")
        if sum(isinstance(way, Bytewise) and not way.free for way in ways.values()) > 1:
            raise InputError("split: more than one part of bytes has fixed uses, and the codec is told one budget: "
                             "leave one, with uses = 0 for another")
        self.ways = nn.ModuleDict({name: ways[name] for name in sorted(ways, key=lambda name: not ways[name].free)})
        self.free = any(way.free for way in ways.values())
        self.power = "exact" if all(way.power == "exact" for way in ways.values()) else "nominal"  # type: ignore[misc]

    def bind(self, form: Form) -> Form:
        if set(form) != set(self.ways):
            raise InputError(f"split: the codec sends {', '.join(form)} and transport.parts names "
                             f"{', '.join(self.ways)}: give parts a table for each part of the codec, and no other")
        for name, way in self._ways():
            if isinstance(way, Bytewise) and form[name] is not None:
                raise InputError(f"split: the part {name!r} is features, and {type(way).__name__.lower()} carries "
                                 "bytes within a split: use symbols, analog or features for it")
        bound = {name: way.bind({name: form[name]})[name] for name, way in self._ways()}
        return {name: bound[name] for name in form}

    def inform(self, state: State) -> State:
        informed = super().inform(state)
        # The gain is told already: within, all is as if the receiver alone were to know it.
        within = replace(informed, csi="receiver") if informed.csi == "both" else informed
        states = {name: way.inform(within) for name, way in self._ways()}

        def price(part: str, sizes: Sequence[int]) -> Tensor:
            prices = {name: one.price for name, one in states.items() if one.price is not None}
            return part_of(prices, part, f"{WHO}, asked for a price,")(part, sizes)

        budget = next((one.budget for one in states.values() if one.budget is not None), None)
        plans = [one.plan or (None,) * len(state) for one in states.values()]
        plan = tuple(zip(*plans, strict=True))
        return replace(informed, budget=budget, price=price if self.free else None, plan=plan)

    def emit(self, parts: Parts, state: State) -> Emission:
        if set(parts) != set(self.ways):
            raise InputError(f"split: given {', '.join(parts)}, expected {', '.join(self.ways)}: see transport.parts")
        emissions = [way.emit({name: parts[name]}, self._planned(state, place))
                     for place, (name, way) in enumerate(self._ways())]
        device = emissions[0].symbols.device
        uses = [one.uses.to(device) for one in emissions]
        total = torch.stack(uses).sum(dim=0)
        width = max(1, int(total.max()))
        starts = accumulate(uses, initial=torch.zeros_like(total))
        x = torch.zeros(len(total), width, dtype=torch.complex64, device=device)
        stretches = []
        for start, one in zip(starts, emissions, strict=False):
            places = start.long()[:, None] + torch.arange(one.symbols.shape[1], device=device)
            # Behind the uses of an item its symbols are 0: they add nothing to those of the next part.
            places = places.clamp_max(width - 1)
            x = x.scatter_add(1, places, one.symbols.to(device))
            stretches.append(_Stretch(one, places))
        return Emission(x, total, stretches)

    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        device, arrivals = emission.symbols.device, []
        for place, ((_, way), stretch) in enumerate(zip(self._ways(), emission.notes, strict=True)):
            part = heard.at(stretch.places).to(stretch.emission.symbols.device)
            arrivals.append(way.absorb(part, stretch.emission, self._planned(state, place)))
        penalties = [one.penalty.to(device) for one in arrivals if one.penalty is not None]
        return Arrival({name: part for one in arrivals for name, part in one.parts.items()},
                       torch.stack([one.ok.to(device) for one in arrivals]).all(dim=0),
                       torch.stack([one.bits.to(device) for one in arrivals]).sum(dim=0),
                       torch.stack(penalties).sum(dim=0) if penalties else None)

    def _ways(self) -> list[tuple[str, Any]]:
        """The parts and their transports, as they come on the air."""
        return list(self.ways.items())

    def _planned(self, state: State, place: int) -> State:
        """The state with the plan of the transport at ``place`` alone."""
        assert state.plan is not None, "a transport informs its state before it sends"
        return replace(state, plan=tuple(entry[place] for entry in state.plan))

    def _way(self, part: str, table: Any) -> Radio:
        """The transport for a part. Raises InputError for one whose symbols can't be joined to others."""
        options = dict(table) if isinstance(table, Mapping) else {}
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise InputError(f"split: the part {part!r} is {table!r}; expected a transport by name and its options, "
                             "e.g. {name = 'symbols'}")
        taken = [option for option in SHARED if option in options]
        if taken:
            raise InputError(f"split: the part {part!r} has {', '.join(taken)} of its own, and all parts share the "
                             "split's: leave it out there, and set it beside parts")
        shared = {"equalizer": self.equalizer} if "equalizer" in options_of(lookup("transport", name)) else {}
        way = create("transport", name, **options, **shared)
        if not isinstance(way, Radio) or isinstance(way, Split) or way.whole_batch:
            raise InputError(f"split: the part {part!r} is to go by {name!r}, whose symbols can't be joined to those "
                             "of other parts: use symbols, analog, features or digital")
        # What a part meets is the channel of the split.
        way.meets(self.channel, self.pilots)
        del way.channel
        return way
