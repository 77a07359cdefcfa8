"""The joint source-channel codec: one set of weights for every SNR, bandwidth ratio and picture size."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.codec.base import Codec
from gensc.codec.blocks import PATCH
from gensc.codec.jscc.level import HEAD, Level
from gensc.codec.jscc.network import CHANNELS, Decoder, Encoder
from gensc.errors import InputError
from gensc.machine.memory import refuse_beyond
from gensc.registry import register
from gensc.signal import Payload, Received, State
from gensc.units import noise_power

USES = CHANNELS // 2
FINEST = 3 * PATCH**2
"""Values of a picture's patch: a bandwidth ratio is a number of channel uses in so many values."""
BYTES_A_PIXEL = 250
"""Memory that a pass takes at its peak, measured at 1,280 x 1,280 px."""
LOWEST_DB, HIGHEST_DB = -5.0, 25.0
"""The SNRs that both ends tell apart, those of the training: beyond, the networks would have to guess."""
BEST = 1 / (1 + float(noise_power(torch.tensor(HIGHEST_DB))))
"""The quality at the highest of these."""
MOST_CBR = USES / FINEST + 1e-4


@register("codec", "jscc")
class Jscc(Codec):
    """Pictures [B,3,H,W] in [0,1] as values [B,n], each pair of neighbours one channel symbol, and back.

    A patch of 8 x 8 pixels has 32 symbols, in order of worth, and all first symbols are sent before all second ones:
    any prefix is a code, the same one that a lower bandwidth ratio sends. Four symbols before them tell the level
    of what is sent. The decoder reads from the qualities of a transport of ``symbols`` what was sent and how well
    each symbol came over.
    ``cbr``: channel uses a value of the picture, up to 1/6, rounded down to whole symbols; what is sent is that
    many, the level included.
    ``train_cbr``: ratios that training draws from, one an item.
    ``size``: the side of the pictures in px, or (height, width); sides that are no multiples of 8 are padded by
    their edge.
    """

    channels = CHANNELS
    informed = True
    head = HEAD

    def __init__(self, cbr: float = 1 / 6, train_cbr: tuple[float, ...] = (1 / 6,),
                 size: int | tuple[int, ...] = 224) -> None:
        super().__init__()
        self.height, self.width = (size, size) if isinstance(size, int) else size
        if min(self.height, self.width) < PATCH:
            raise InputError(f"codec 'jscc': pictures of {self.width} x {self.height} px are smaller than its patch "
                             f"of {PATCH} x {PATCH}; enlarge them first")
        self.down, self.across = -(-self.height // PATCH), -(-self.width // PATCH)
        self.whole = CHANNELS * self.down * self.across
        self.values = self._values(cbr)
        self.drawn = tuple(self._values(one) for one in train_cbr)
        self.encoder, self.decoder, self.level = Encoder(), Decoder(), Level()
        self.shape = (self.values,)

    def _values(self, cbr: float) -> int:
        """Values to send at a bandwidth ratio, those of the level included."""
        pixels = 3 * self.height * self.width
        uses = int(cbr * pixels + 0.01) if cbr == cbr else 0
        if not (2 * uses > HEAD and cbr <= MOST_CBR):
            raise InputError(f"codec 'jscc': cbr is {cbr:g}, and {self.width} x {self.height} px can be sent at "
                             f"{(HEAD / 2 + 1) / pixels:.4g} to {CHANNELS / 2 / FINEST:.4g} (1/6)")
        return min(2 * uses, HEAD + self.whole)

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        if delivered not in ((self.values,), (2, self.values)):
            raise InputError(f"codec 'jscc' sends ({self.values},) and would get {delivered}: use transport symbols")
        return 3, self.height, self.width

    def latents(self, front: Tensor, state: State | None) -> Tensor:
        """What the encoder makes of pictures [B,3,H,W]: two values a symbol, [B,64,H/8,W/8]."""
        refuse_beyond(BYTES_A_PIXEL * front[:, 0].numel(), f"{len(front)} pictures of {front.shape[3]} x "
                      f"{front.shape[2]} px", "send fewer at once, or tiles of them")
        facts = _known_db(len(front), state).to(front.device)[:, None] / 10
        return self.encoder(F.pad(front, _missing(front), mode="replicate"), facts)

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """Values [B,n] of pictures [B,3,H,W]."""
        latents = self.latents(front, state)
        if not self.training or state is None:
            return self.levelled(self.unlay(latents, self.values - HEAD), state)
        most = max(self.drawn)
        draw = (state.child("cbr").rng.uniform() * len(self.drawn)).long()
        sent = torch.arange(HEAD, most, device=front.device) < torch.tensor(self.drawn)[draw][:, None].to(front.device)
        return self.levelled(self.unlay(latents, most - HEAD) * sent, state)

    def levelled(self, values: Tensor, state: State | None) -> Tensor:
        """The payload of values [B,m], 0 where nothing is sent: their level, and the values at unit power."""
        return self.level(values.float(), _known_db(len(values), state).to(values.device), self.whole)

    def decode(self, payload: Received, state: State) -> Tensor:
        """Pictures from [B,2,n] (values and qualities, as transport symbols delivers them) or [B,n] (values alone,
        of the quality that the SNR promises); shorter payloads are prefixes."""
        if not isinstance(payload, Tensor):
            raise InputError("codec 'jscc' got bytes where it sends symbols: use transport symbols")
        if payload.dim() == 2:
            promised = (1 / (1 + state.n0.to(payload.device)))[:, None].expand_as(payload)
            payload = torch.stack([payload, promised], dim=1)
        if payload.shape[2] > HEAD + self.whole:
            raise InputError(f"codec 'jscc' got {payload.shape[2]} values and {self.width} x {self.height} px have "
                             f"{HEAD + self.whole} at most: its size must be that of the pictures")
        snr_db = _known_db(len(payload), state).to(payload.device)
        values, level = self.level.undo(payload[:, 0], payload[:, 1], snr_db, self.whole)
        quality = self.lay(payload[:, 1, HEAD:])[:, ::2]
        shown = self.decoder(self.lay(values), quality, _facts(quality)) * level[:, :, None, None] + 0.5
        return shown[..., :self.height, :self.width]

    def lay(self, row: Tensor) -> Tensor:
        """Values [B,m] after the level's where they belong, [B,64,h,w]; 0 for what was not sent."""
        parts = F.pad(row, (0, self.whole - row.shape[1])).view(len(row), USES, self.down, self.across, 2)
        return parts.movedim(-1, 2).flatten(1, 2)

    def unlay(self, grid: Tensor, count: int) -> Tensor:
        """The first ``count`` values, as they are sent, of [B,64,h,w]: what ``lay`` undoes."""
        return grid.unflatten(1, (USES, 2)).movedim(2, -1).flatten(1)[:, :count]


def _known_db(items: int, state: State | None) -> Tensor:
    """The SNR [B] in dB that both ends know; 10 dB where nothing is known."""
    known = torch.full((items,), 10.0) if state is None else state.known_db
    return known.clamp(LOWEST_DB, HIGHEST_DB)


def _facts(quality: Tensor) -> Tensor:
    """What the decoder is told besides the qualities [B,32,h,w]: their mean in decades of SNR, and what share of
    the symbols was sent, as such and as a logarithm; float32 [B,3]."""
    sent = (quality > 0).flatten(1).float()
    share = sent.mean(dim=1).clamp_min(1 / USES)
    decades = torch.logit(quality.flatten(1).clamp(0.01, BEST)) / math.log(10)
    return torch.stack([(decades * sent).mean(dim=1) / share, share, share.log2() / 5], dim=1)


def _missing(pictures: Tensor) -> tuple[int, int, int, int]:
    """Pixels to add (left, right, top, bottom) until the sides are multiples of the patch."""
    return 0, -pictures.shape[3] % PATCH, 0, -pictures.shape[2] % PATCH
