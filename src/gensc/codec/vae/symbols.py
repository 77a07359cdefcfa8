"""The form for symbols: a joint code whose rate follows the content, by the learned prior of its latents."""

import math
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.codec.jscc.codec import MOST_CBR, PATCH, USES, Jscc, _missing
from gensc.codec.jscc.level import HEAD
from gensc.codec.vae.allocation import BLOCK, CLASSES, LEVELS, Classes, highest_rank, of_patches, symbols
from gensc.errors import InputError
from gensc.phy.adaptation import choose
from gensc.phy.entropy.coder import Reader, Writer
from gensc.phy.mcs import SCHEMES
from gensc.registry import register
from gensc.signal import Mixed, Payload, Received, State

GREY = 0.5
RANK_BYTES = 2
SIDE_LOSS = 1e-4
"""The loss for which transport symbols chooses the scheme of the side information."""
EXPLORED = 0.15
"""Share of the training items whose blocks are measured."""


@register("codec", "vae_symbols")
class VaeSymbols(Jscc):
    """The codec ``jscc`` with as many symbols a block of 16 x 16 px as its content is worth.

    Each block has a class of the learned prior, and what its class gains by another symbol was measured in training.
    Symbols go where they save most error, until the channel uses are spent (reverse water-filling with measured
    gains: Cover and Thomas, Elements of Information Theory, 10.3.3; Shoham and Gersho, IEEE Trans. ASSP 36(9), 1988).
    The side information, two bytes for how far that went and the class map coded by the prior, goes digitally, and
    ``cbr`` includes it: uses a value of the picture at most, side information at the SNR's 5G NR scheme over AWGN.
    Where it is lost the item is shown as mid-grey. In training the receiver knows the map.
    """

    def __init__(self, cbr: float = 1 / 24, train_cbr: tuple[float, ...] = (1 / 24,),
                 size: int | tuple[int, ...] = 224) -> None:
        super().__init__(1 / 6, train_cbr, size)
        if not 0 < cbr <= MOST_CBR:
            raise InputError(f"codec 'vae_symbols': cbr is {cbr:g}; expected channel uses a value, above 0 to 1/6")
        self.cbr = cbr
        self.values = HEAD + self.whole
        self.shape = (self.values,)
        self.prior = Classes()

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """Values [B,n] of pictures [B,3,H,W], 0 where nothing is sent, with the side information; in training the
        values alone."""
        latents = self.latents(front, state)
        sizes = self.prior.sizes(F.pad(front, _missing(front), mode="replicate"))
        classes = self.prior.of(sizes)
        if self.training and state is not None:
            self.prior.learn(sizes)
            self._explore(front, latents.detach(), classes, state)
            rank = self._rank(classes, latents, self._drawn(state))
            return self._values_of(latents, self._allocated(classes, rank), state)
        maps = [self._coded(one) for one in classes.cpu().numpy()]
        rank = self._rank(classes, latents, self._left(front, maps, state))
        return Mixed(self._values_of(latents, self._allocated(classes, rank), state),
                     tuple(int(number).to_bytes(RANK_BYTES, "big") + one
                           for number, one in zip(rank, maps, strict=True)))

    def _rank(self, classes: Tensor, latents: Tensor, uses: Tensor) -> Tensor:
        """How many steps of the prior's order [B] fit ``uses`` [B]."""
        patches = F.one_hot(of_patches(classes, *latents.shape[2:]).flatten(1), CLASSES).sum(dim=1)
        return highest_rank(self.prior.order(), patches, uses.to(latents.device) - HEAD // 2)

    def _allocated(self, classes: Tensor, rank: Tensor) -> Tensor:
        return symbols(self.prior.order(), rank, classes)

    def _values_of(self, latents: Tensor, counts: Tensor, state: State | None) -> Tensor:
        """The payload of latents [B,64,H,W] with ``counts`` [B,h,w] of symbols a patch in each block."""
        sent = _sent(of_patches(counts, *latents.shape[2:]))
        return self.levelled(self.unlay(latents, latents[0].numel()) * sent, state)

    @torch.no_grad()
    def _explore(self, front: Tensor, latents: Tensor, classes: Tensor, state: State) -> None:
        """Measure what some of the items' blocks lose with numbers of symbols at random, over AWGN, as a share of
        the item's mean error: the worth of a symbol at any SNR, as the logarithm of the error sees it."""
        rng = state.child("explore").rng
        some = torch.nonzero(rng.uniform() < EXPLORED).flatten()
        if not len(some):
            return
        chosen = replace(state, snr_db=state.snr_db[some], rng=rng.of([rng.items[one] for one in some]), room=None)
        some = some.to(front.device)
        draw = chosen.child("levels").rng.uniform(*classes.shape[1:]).to(front.device)
        levels = (draw * len(LEVELS)).long().clamp_max(len(LEVELS) - 1)
        payload = self._values_of(latents[some], torch.tensor(LEVELS, device=front.device)[levels], chosen)
        noise = chosen.child("noise").rng.normal(payload.shape[1]).to(front.device)
        n0 = chosen.n0.to(front.device)[:, None]
        estimate = (payload + noise * (n0 / 2).sqrt()) / (1 + n0)
        sent = (payload != 0).float()
        received = torch.stack([estimate * sent, sent / (1 + n0)], dim=1)
        shown = super().decode(received, chosen)[..., :front.shape[2], :front.shape[3]]
        error = F.avg_pool2d((shown - front[some]).square().mean(dim=1, keepdim=True), BLOCK * PATCH, ceil_mode=True,
                             count_include_pad=False)[:, 0]
        self.prior.measure(classes[some], levels, error / error.mean(dim=(1, 2), keepdim=True).clamp_min(1e-9))

    def _drawn(self, state: State) -> Tensor:
        """Channel uses int64 [B] that training draws for each item."""
        draw = (state.child("cbr").rng.uniform() * len(self.drawn)).long()
        return torch.tensor(self.drawn)[draw] // 2

    def _left(self, front: Tensor, maps: list[bytes], state: State | None) -> Tensor:
        """Channel uses int64 [B] that ``cbr`` leaves beside the side information."""
        snr_db = [10.0] * len(front) if state is None else state.snr_db.tolist()
        spent = [side_uses(RANK_BYTES + len(one), snr) for one, snr in zip(maps, snr_db, strict=True)]
        return int(self.cbr * front[0].numel() + 0.01) - torch.tensor(spent)

    def decode(self, payload: Received, state: State) -> Tensor:
        """Pictures from what transport symbols delivers: values and qualities with the side information; values and
        qualities alone in training, as ``jscc``."""
        if not isinstance(payload, Mixed):
            return super().decode(payload, state)
        counts = [self.allocation(one) for one in payload.side]
        kept = torch.stack([torch.zeros(self.down, self.across) if one is None else one for one in counts])
        known = F.pad(_sent(kept), (HEAD, 0), value=1.0).to(payload.values.device)
        values = payload.values
        if values.dim() == 2:
            values = torch.stack([values, (1 / (1 + state.n0.to(values.device)))[:, None].expand_as(values)], dim=1)
        shown = super().decode(values * known[:, None], state)
        lost = torch.tensor([one is None for one in counts], device=shown.device)
        return torch.where(lost[:, None, None, None], GREY, shown)

    def allocation(self, side: bytes | None) -> Tensor | None:
        """Symbols of each patch int64 [H/8,W/8] by the side information; None where it is lost or damaged."""
        if not side or len(side) < RANK_BYTES:
            return None
        rank = torch.tensor([int.from_bytes(side[:RANK_BYTES], "big")])
        order = self.prior.order().cpu()
        shape = -(-self.down // BLOCK), -(-self.across // BLOCK)
        try:
            classes = self.prior.code(Reader(side[RANK_BYTES:]), np.zeros(shape, dtype=np.int64))
        except InputError:
            return None
        counts = symbols(order, rank, torch.from_numpy(classes)[None])
        return of_patches(counts, self.down, self.across)[0]

    def _coded(self, classes: np.ndarray) -> bytes:
        writer = Writer()
        self.prior.code(writer, classes)
        return writer.finish()


def side_uses(data: int, snr_db: float) -> int:
    """Channel uses of so many bytes of free length by transport digital: a header of 240, then the bytes and their CRC
    at the 5G NR scheme for the SNR."""
    crc = 16 if data + 2 <= 64 else 32
    uses = [math.ceil((8 * data + crc) / scheme.efficiency) for scheme in SCHEMES["5g"]]
    return 240 + uses[choose("5g", uses, snr_db, SIDE_LOSS, "none", range(len(uses)))]


def _sent(counts: Tensor) -> Tensor:
    """1.0 for the values of each patch's first symbols, [B,n] as they are sent; ``counts`` [B,h,w] of the patches."""
    sent = torch.arange(USES, device=counts.device)[:, None, None] < counts[:, None]
    return sent.float().flatten(1).repeat_interleave(2, dim=1)
