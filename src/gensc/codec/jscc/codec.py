"""The joint source-channel codec: one set of weights for every SNR, bandwidth ratio and picture size."""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.batch import Batch
from gensc.codec.base import Received
from gensc.codec.blocks import PATCH, padded
from gensc.codec.jscc.level import HEAD, Level
from gensc.codec.jscc.network import CHANNELS, Decoder, Encoder
from gensc.codec.symbolic import Symbolic, picture_sides
from gensc.errors import InputError
from gensc.machine.memory import refuse_beyond
from gensc.registry import register
from gensc.signal import ANY, MAIN, Delivery, Parts, Soft, State, part_of, soft_of
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
class Jscc(Symbolic):
    """Pictures [B,3,H,W] in [0,1] as values [B,n], each pair of neighbours one channel symbol, and back.

    A patch of 8 x 8 pixels has 32 symbols, in order of worth, and all first symbols are sent before all second ones:
    any prefix is a code, the same one that a lower bandwidth ratio sends. Four symbols before them tell the level
    of what is sent. The decoder reads from the qualities of a transport of ``symbols`` what was sent and how well
    each symbol came over. Sides that are no multiples of 8 are padded by their edge, and the padding is paid for.
    ``cbr``: channel uses a value of the picture, up to 1/6, rounded down to whole symbols; what is sent is that
    many, the level included.
    ``train_cbr``: ratios that training draws from, one an item.
    """

    who = "codec 'jscc'"
    channels = CHANNELS
    head = HEAD

    def __init__(self, cbr: float = 1 / 6, train_cbr: tuple[float, ...] = (1 / 6,)) -> None:
        super().__init__()
        for one in (cbr, *train_cbr):
            if not 0 < one <= MOST_CBR:
                raise InputError(f"{self.who}: cbr is {one:g}; expected channel uses a value, above 0 to "
                                 f"{CHANNELS / 2 / FINEST:.4g} (1/6)")
        self.cbr, self.train_cbr = cbr, train_cbr
        self.encoder, self.decoder, self.level = Encoder(), Decoder(), Level()
        self.form = {MAIN: (ANY,)}

    def latents(self, pictures: Tensor, state: State) -> Tensor:
        """What the encoder makes of pictures [B,3,H,W]: two values a symbol, [B,64,H/8,W/8]."""
        height, width = pictures.shape[2:]
        if min(height, width) < PATCH:
            raise InputError(f"{self.who}: pictures of {width} x {height} px are smaller than its patch of {PATCH} x "
                             f"{PATCH}; enlarge them first")
        refuse_beyond(BYTES_A_PIXEL * pictures[:, 0].numel(), f"{len(pictures)} pictures of {width} x {height} px",
                      "send fewer at once, or tiles of them")
        facts = _known_db(state).to(pictures.device)[:, None] / 10
        latents: Tensor = self.encoder(padded(pictures, PATCH), facts)
        return latents

    def encode(self, batch: Batch, state: State) -> Parts:
        """Values [B,n] of pictures [B,3,H,W]."""
        pictures = batch.pixels
        height, width = pictures.shape[2:]
        latents = self.latents(pictures, state)
        if not self.training:
            return {MAIN: self.levelled(self.unlay(latents, self.values_of(self.cbr, height, width) - HEAD), state)}
        counts = self.drawn(height, width, state).to(pictures.device)
        most = int(counts.max())
        sent = torch.arange(HEAD, most, device=pictures.device) < counts[:, None]
        return {MAIN: self.levelled(self.unlay(latents, most - HEAD) * sent, state)}

    def drawn(self, height: int, width: int, state: State) -> Tensor:
        """The values int64 [B] that training draws for each item, those of the level included."""
        counts = torch.tensor([self.values_of(one, height, width) for one in self.train_cbr])
        return counts[(state.child("cbr").rng.uniform() * len(counts)).long()]

    def values_of(self, cbr: float, height: int, width: int) -> int:
        """Values to send of a picture at a bandwidth ratio, those of the level included. Raises InputError where not
        even the level fits."""
        uses = int(cbr * 3 * height * width + 0.01)
        if 2 * uses <= HEAD:
            raise InputError(f"{self.who}: cbr is {cbr:g}, and {width} x {height} px can be sent at "
                             f"{(HEAD / 2 + 1) / (3 * height * width):.4g} to {CHANNELS / 2 / FINEST:.4g} (1/6)")
        return min(2 * uses, HEAD + most_values(height, width))

    def levelled(self, values: Tensor, state: State) -> Tensor:
        """What is sent of values [B,m], 0 where nothing is: their level, and the values at unit power."""
        whole = most_values(*picture_sides(state, self.who))
        return self.level(values.float(), _known_db(state).to(values.device), whole)

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Pictures from values and their qualities; a shorter row is a prefix."""
        return {MAIN: self.pictures(soft_of(part_of(delivery.parts, MAIN, self.who), state, self.who), state)}

    def pictures(self, soft: Soft, state: State) -> Tensor:
        """Pictures [B,3,H,W] from what arrived of their values."""
        height, width = picture_sides(state, self.who)
        whole = most_values(height, width)
        if soft.value.shape[1] > HEAD + whole:
            raise InputError(f"{self.who} got {soft.value.shape[1]} values and {width} x {height} px have at most "
                             f"{HEAD + whole}: what is delivered is not what it sent")
        snr_db = _known_db(state).to(soft.value.device)
        values, level = self.level.undo(soft.value, soft.quality, snr_db, whole)
        quality = self.lay(soft.quality[:, HEAD:], height, width)[:, ::2]
        shown = self.decoder(self.lay(values, height, width), quality, _facts(quality)) * level[:, :, None, None] + 0.5
        return shown[..., :height, :width]

    def lay(self, row: Tensor, height: int, width: int) -> Tensor:
        """Values [B,m] after the level's where they belong, [B,64,h,w]; 0 for what was not sent."""
        down, across = -(-height // PATCH), -(-width // PATCH)
        whole = F.pad(row, (0, CHANNELS * down * across - row.shape[1]))
        return whole.view(len(row), USES, down, across, 2).movedim(-1, 2).flatten(1, 2)

    def unlay(self, grid: Tensor, count: int) -> Tensor:
        """The first ``count`` values, as they are sent, of [B,64,h,w]: what ``lay`` undoes."""
        return grid.unflatten(1, (USES, 2)).movedim(2, -1).flatten(1)[:, :count]


def most_values(height: int, width: int) -> int:
    """Values of a whole picture, without the level's."""
    return CHANNELS * -(-height // PATCH) * -(-width // PATCH)


def _known_db(state: State) -> Tensor:
    """The SNR [B] in dB that both ends know."""
    return state.known_db.clamp(LOWEST_DB, HIGHEST_DB)


def _facts(quality: Tensor) -> Tensor:
    """What the decoder is told besides the qualities [B,32,h,w]: their mean in decades of SNR, and what share of
    the symbols was sent, as such and as a logarithm; float32 [B,3]."""
    sent = (quality > 0).flatten(1).float()
    share = sent.mean(dim=1).clamp_min(1 / USES)
    decades = torch.logit(quality.flatten(1).clamp(0.01, BEST)) / math.log(10)
    return torch.stack([(decades * sent).mean(dim=1) / share, share, share.log2() / 5], dim=1)
