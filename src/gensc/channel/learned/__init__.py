"""A channel that was learned from what went in and what came out."""

from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

import torch
from torch import Tensor

from gensc.channel.base import Channel, product
from gensc.channel.learned.networks import Kind, Sampler, conditions, kind_named, sampler
from gensc.errors import InputError
from gensc.machine import tensors
from gensc.registry import register
from gensc.signal import Signal, State

DEFAULT = Path(__file__).with_name("awgn.safetensors")
SOURCE = "`gensc learn-channel NAME --out FILE` writes learned channels (.safetensors)"


@dataclass(frozen=True)
class Card:
    """What a file of a learned channel says of itself: the model's ``kind`` and width, the channel that it was learned
    from, whether it is ``told`` the gain h, and the SNRs in dB and the largest |x| of its pairs."""

    kind: Kind
    hidden: int
    channel: str
    told: bool
    lowest_db: float
    highest_db: float
    widest: float


def save(path: Path, model: Sampler, card: Card) -> None:
    """Write a learned channel."""
    tensors.write(path, model.state_dict(), {"learned channel": asdict(card), "gensc": version("gensc")})


def load(path: Path) -> tuple[Sampler, Card]:
    """The model of a file, frozen, and its card. Raises InputError where the file is none."""
    weights, facts = tensors.read(path, "learned channel", SOURCE)
    try:
        card = Card(**facts["learned channel"])
        model = sampler(kind_named(card.kind), 6 if card.told else 4, card.hidden)
        model.load_state_dict(weights)
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise InputError(f"{path} is no learned channel of gensc ({type(error).__name__}): {SOURCE}") from error
    return model.requires_grad_(False).eval(), card


@register("channel", "learned")
class Learned(Channel):
    """y ~ p(y | x, N0) of a model that was learned from pairs; each symbol is a use of its own. Differentiable in x.

    ``file`` is what ``gensc learn-channel`` wrote; without one, AWGN as a small GAN learned it. The noise is the
    model's own: its power is that of the nominal N0 only as far as the model is right. A channel that is told its gain
    draws h ~ CN(0,1) a symbol and returns it; others return ones. Beyond the |x| that it was learned from (2.5)
    the model is a guess. Raises InputError on an SNR beyond those it was learned at, and on samples of a waveform.
    """

    transparent = False
    exact = False
    block_fading = False

    def __init__(self, file: str = "") -> None:
        super().__init__()
        self.model, self.card = load(Path(file) if file else DEFAULT)

    def distort(self, signal: Signal, state: State) -> Signal:
        raise InputError("channel 'learned' has no part without noise: it can't be a part of a chain or a mix")

    def forward(self, signal: Signal, state: State) -> Signal:
        card = self.card
        if signal.rate_hz is not None:
            raise InputError("channel 'learned' was learned from symbols: it can't carry the samples of a waveform")
        if not ((state.snr_db >= card.lowest_db) & (state.snr_db <= card.highest_db)).all():
            raise InputError(f"channel 'learned' was learned at {card.lowest_db:g} to {card.highest_db:g} dB, and was "
                             f"asked for {float(state.snr_db.min()):g} to {float(state.snr_db.max()):g} dB: stay "
                             "within, or learn a channel at these SNRs")
        x, n0 = signal.x, state.n0.to(signal.x.device)
        uses = x.shape[1]
        gain = torch.ones_like(x)
        if card.told:
            gain = state.child("fading").rng.complex_normal(uses).to(x.device)
        draws = state.child("noise").rng.normal(uses, self.model.draws).to(x.device)
        # Item by item: a matrix product may round an item otherwise in a batch of another size.
        y = torch.stack([self._one(x[i], n0[i].expand(uses), gain[i], draws[i]) for i in range(len(x))])
        return Signal(y, n0, gain if signal.h is None else product(signal.h, gain))

    def _one(self, x: Tensor, n0: Tensor, h: Tensor, draws: Tensor) -> Tensor:
        known = conditions(x, n0, h if self.card.told else None)
        return torch.view_as_complex(self.model(known, draws).contiguous())
