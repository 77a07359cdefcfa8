"""The contract checks catch the mistakes that transports and codecs are known for."""

from dataclasses import replace

import pytest
import torch

from gensc.codec import Codec
from gensc.codec.base import Front
from gensc.signal import MAIN, Cost, Delivery, Signal, Soft
from gensc.testing import check_bytes, check_codec, check_transport, transports
from gensc.transport import Analog, Digital, Features, Split, Symbols, Wifi7


class BatchPower(Features):
    """Unit power over the batch, not over the item."""

    def emit(self, parts, state):
        flat = parts[MAIN].flatten(1)
        symbols = torch.view_as_complex(torch.nn.functional.pad(flat, (0, flat.shape[1] % 2)).view(len(flat), -1, 2))
        symbols = symbols / symbols.abs().square().mean().sqrt()
        return replace(super().emit(parts, state), symbols=symbols)


class HalfTheUses(Features):
    def transmitted(self, parts, state):
        out = super().transmitted(parts, state)
        return replace(out, cost=replace(out.cost, uses=out.cost.uses / 2))


class TakesNan(Features):
    def transmitted(self, parts, state):
        return super().transmitted({MAIN: parts[MAIN].nan_to_num()}, state)


class Skips(Features):
    """Never sends anything over its channel."""

    def transmitted(self, parts, state):
        features = parts[MAIN]
        count = features[0].numel()
        received = features + state.rng.normal(count).view_as(features)
        return Delivery({MAIN: received}, torch.ones(len(features), dtype=torch.bool),
                        Cost.analog(-(-count // 2), len(features), 20e6))


class Untrained(Analog):
    def bind(self, form):
        self.extra = torch.nn.Linear(2, 2)
        return super().bind(form)


class Detached(Features):
    def emit(self, parts, state):
        return super().emit({MAIN: parts[MAIN].detach()}, state)


class FreeZeros(Symbols):
    """A symbol that is exactly 0 costs nothing, wherever it stands: whoever pays for its place gets it for nothing."""

    def emit(self, parts, state):
        out = super().emit(parts, state)
        return replace(out, uses=(out.symbols != 0).float().sum(dim=1))


class PaysByContent(Features):
    def emit(self, parts, state):
        out = super().emit(parts, state)
        louder = (parts[MAIN].flatten(1).sum(dim=1) > 0).float()
        symbols = torch.cat([out.symbols, louder[:, None].to(out.symbols.dtype)], dim=1)
        return replace(out, symbols=symbols, uses=out.uses + louder)


class TellsTheChannel(Symbols):
    """The channel is given the state with all that the ends decided."""

    def transmitted(self, parts, state):
        out = self.emit(parts, state)
        self.channel(Signal(out.symbols, state.n0), state)
        return super().transmitted(parts, state)


class RootOfItsOwn(Symbols):
    """The channel draws from streams that are not the root's."""

    def transmitted(self, parts, state):
        return super().transmitted(parts, state.child("symbols"))


class OtherNoise(Symbols):
    """The noise is that of half the power."""

    def transmitted(self, parts, state):
        return super().transmitted(parts, replace(state, snr_db=state.snr_db - 3))


class MovesTheStreams(Symbols):
    def inform(self, state):
        return replace(super().inform(state), rng=state.rng.child("informed"))


class TwoMinds(Symbols):
    """Sends otherwise where nobody has informed the state."""

    def forward(self, parts, state):
        out = super().forward(parts, state)
        if state.plan is not None:
            return out
        return replace(out, parts={MAIN: Soft(2 * out.main.value, out.main.quality)})


class ToldAnew(Symbols):
    """A budget that differs each time it is told."""

    told = 0

    def inform(self, state):
        self.told += 1
        return replace(super().inform(state), budget=(self.told,) * len(state))


class PriceOfHalf(Digital):
    """The encoder is told half of what it will pay."""

    def __init__(self):
        super().__init__(uses=0)

    def needed(self, sizes, state):
        return [one // 2 for one in super().needed(sizes, state)]


class PaysForOnes(Digital):
    """What an item costs says how many of its bits are 1."""

    def __init__(self):
        super().__init__(uses=0)

    def emit(self, parts, state):
        out = super().emit(parts, state)
        ones = torch.tensor([float(sum(one.bit_count() for one in data)) for data in parts[MAIN]])
        return replace(out, uses=out.uses + ones)


class QualityAboveOne(Symbols):
    def absorb(self, heard, emission, state):
        out = super().absorb(heard, emission, state)
        soft = out.parts[MAIN]
        return replace(out, parts={MAIN: Soft(soft.value, soft.quality + 1)})


class PowerOfATone(Wifi7):
    """Occupied tones have unit power, as in publications, so the samples have less."""

    def _burst(self, data, index):
        return super()._burst(data, index) / self.phys[index].tone_power ** 0.5


class HidesTheLoss(Split):
    """The side information is lost and nobody says so."""

    def absorb(self, heard, emission, state):
        out = super().absorb(heard, emission, state)
        return replace(out, parts={**out.parts, "side": (None,) * len(out.ok)})


@pytest.mark.parametrize(("broken", "law"), [
    (BatchPower, "alone and in a batch|unit mean power"), (HalfTheUses, "cost.uses counts"),
    (TakesNan, "nan is refused"),
    (Skips, "over its channel"), (Untrained, "parameter extra"), (Detached, "gradient can flow"),
    (FreeZeros, "hidden in zeros|cost.uses counts"), (PaysByContent, "costs the same"),
    (TellsTheChannel, r"State\.air.*plan"), (RootOfItsOwn, "root's streams"), (MovesTheStreams, "leaves streams"),
    (TwoMinds, "informed gives"), (ToldAnew, "the same each time"), (QualityAboveOne, "quality lies in"),
    (HidesTheLoss, "did not arrive"), (PowerOfATone, "mean power of a waveform"),
    (OtherNoise, "that of snr_db"),
])
def test_a_broken_transport_is_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_transport(broken)


@pytest.mark.parametrize(("broken", "law"), [(PriceOfHalf, "is their price"), (PaysForOnes, "cost the same")])
def test_a_broken_transport_of_bytes_is_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_bytes(broken)


def test_the_law_of_zeros_sees_what_the_count_of_symbols_does_not():
    """Where zeros within are free and the count on the air agrees, the cost still shows which they were."""
    free = FreeZeros()
    free.bind({MAIN: (24,)})
    with pytest.raises(AssertionError, match="hidden in zeros"):
        transports._paid(free, transports.Case((24,), (), "receiver", "cpu"))


class Mean(Codec):
    """A small codec that keeps every law; each subclass breaks one."""

    form = {MAIN: (3,)}

    def __init__(self):
        super().__init__()
        self.gain = torch.nn.Parameter(torch.ones(3))

    def encode(self, batch, state):
        return {MAIN: batch.pixels.mean(dim=(2, 3)) * self.gain}


class WrongShape(Mean):
    form = {MAIN: (4,)}


class Centred(Mean):
    def encode(self, batch, state):
        features = super().encode(batch, state)[MAIN]
        return {MAIN: features - features.mean(dim=0) if len(batch) > 1 else features}


class Drops(Mean):
    def encode(self, batch, state):
        return {MAIN: super().encode(batch, state)[MAIN] * torch.rand(3)}


class CalledFixed(Mean):
    """A front in which something learns."""

    @property
    def front(self):
        return Front(lambda batch, _: Mean.encode(self, batch, None)[MAIN], (3,), self.name)

    name = "0" * 64

    def encode(self, batch, state):
        return {MAIN: batch.pixels}


class RandomName(CalledFixed):
    @property
    def name(self):
        return f"{id(self):064x}"


@pytest.mark.parametrize(("broken", "law"), [
    (WrongShape, "'main'"), (Centred, "alone and in a batch"), (Drops, "same bits|does not depend on its truth"),
    (CalledFixed, "carries no gradient"), (RandomName, "one fingerprint"),
])
def test_a_broken_codec_is_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_codec(broken, (32, 32))


def test_the_parts_without_a_mistake_pass():
    check_codec(Mean, (32, 32))
    check_transport(Features)
    check_transport(Split)
