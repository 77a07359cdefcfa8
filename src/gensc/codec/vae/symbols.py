"""The form for symbols: a joint code whose rate follows the content, by the learned prior of its latents."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from gensc.batch import Batch
from gensc.codec.base import Received
from gensc.codec.blocks import PATCH, padded
from gensc.codec.jscc.codec import USES, Jscc
from gensc.codec.jscc.level import HEAD
from gensc.codec.symbolic import picture_sides
from gensc.codec.vae.allocation import BLOCK, CLASSES, LEVELS, Classes, highest_rank, of_patches, symbols
from gensc.errors import InputError
from gensc.phy.entropy.coder import Reader, Writer
from gensc.registry import register
from gensc.signal import ANY, MAIN, Delivery, Form, Parts, Soft, State, bytes_of, part_of, soft_of

SIDE = "side"
GREY = 0.5
RANK_BYTES = 2
SPELT = 2**16 - 1
"""In place of a rank: a byte a block follows, the place in LEVELS of its symbols a patch."""
EXPLORED = 0.15
"""Share of the training items whose blocks are measured."""


@dataclass(frozen=True)
class Lesson:
    """What the prior learns of a batch: the ``sizes`` [B,64,h,w] of its coefficients; of explored blocks the classes,
    levels and errors, [M,h,w] each."""

    sizes: Tensor
    measured: tuple[Tensor, Tensor, Tensor] | None = None


@register("codec", "vae_symbols")
class VaeSymbols(Jscc):
    """The codec ``jscc`` with as many symbols a block of 16 x 16 px as its content is worth.

    Each block has a class of the learned prior, and what its class gains by another symbol was measured in training.
    Symbols go where they save most error, until the channel uses are spent (reverse water-filling with measured
    gains: Cover and Thomas, Elements of Information Theory, 10.3.3; Shoham and Gersho, IEEE Trans. ASSP 36(9), 1988).
    Parts: "main", the symbols that are sent, one after the other; "side", two bytes for how far that went and the
    class map coded by the prior. ``cbr`` includes both: uses a value of the picture at most, the side information at
    the price that transport split states. Where the side information is lost the item is shown as mid-grey.
    Training sends a share of its items with symbols at random, spelt out, and measures what their blocks lose.
    """

    who = "codec 'vae_symbols'"

    def __init__(self, cbr: float = 1 / 24, train_cbr: tuple[float, ...] = (1 / 24,)) -> None:
        super().__init__(cbr, train_cbr)
        self.form = {MAIN: (ANY,), SIDE: None}
        self.prior = Classes()
        self._lesson: Lesson | None = None

    def received(self, form: Form) -> Form:
        if dict(form) != self.form:
            raise InputError(f"{self.who} sends symbols, and bytes beside them, and would get {dict(form)}: use "
                             "transport split")
        return {MAIN: (3, ANY, ANY)}

    def encode(self, batch: Batch, state: State) -> Parts:
        """Values [B,n] of pictures [B,3,H,W], the symbols that are sent first, and the side information."""
        pictures = batch.pixels
        height, width = pictures.shape[2:]
        latents = self.latents(pictures, state)
        classes = self.prior.of(self._sizes(pictures))
        maps = [self._coded(one) for one in classes.cpu().numpy()]
        whole = self.drawn(height, width, state) // 2 if self.training else torch.full(
            (len(batch),), int(self.cbr * 3 * height * width + 0.01))
        rank = self._rank(classes, latents, whole - self._price(maps, state))
        counts = symbols(self.prior.order(), rank, classes)
        side = [int(number).to_bytes(RANK_BYTES, "big") + one for number, one in zip(rank, maps, strict=True)]
        if self.training:
            levels = self._explored(classes, state)
            for place, one in levels.items():
                counts[place] = torch.tensor(LEVELS, device=counts.device)[one]
                side[place] = SPELT.to_bytes(RANK_BYTES, "big") + bytes(one.flatten().tolist())
        taken = _taken(of_patches(counts, *latents.shape[2:]))
        row = self.unlay(latents, latents[0].numel())
        packed = row.gather(1, _order(taken)) * (torch.arange(row.shape[1], device=row.device)
                                                 < taken.sum(dim=1, keepdim=True))
        return {MAIN: self.levelled(packed[:, :max(int(taken.sum(dim=1).max()), 2)], state), SIDE: tuple(side)}

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Pictures from what transport split delivers."""
        soft = soft_of(part_of(delivery.parts, MAIN, self.who), state, self.who)
        side = bytes_of(part_of(delivery.parts, SIDE, self.who), self.who)
        height, width = picture_sides(state, self.who)
        down, across = -(-height // PATCH), -(-width // PATCH)
        counts = [self.allocation(one, down, across) for one in side]
        kept = torch.stack([torch.zeros(down, across) if one is None else one for one in counts])
        taken = _taken(kept).to(soft.value.device)
        shown = self.pictures(Soft(*(_unpacked(row, taken) for row in (soft.value, soft.quality))), state)
        lost = torch.tensor([one is None for one in counts], device=shown.device)
        return {MAIN: torch.where(lost[:, None, None, None], GREY, shown)}

    @torch.no_grad()
    def objective(self, batch: Batch, sent: Parts, delivery: Delivery, state: State) -> None:
        """The task's loss teaches the networks. Here is measured what the prior learns from, and what the blocks of
        explored items have lost on the link, as a share of the item's mean error: the worth of a symbol, as the
        logarithm of the error sees it."""
        if not self.training:
            return
        pictures = batch.pixels
        sizes = self._sizes(pictures)
        classes = self.prior.of(sizes)
        levels = self._explored(classes, state.sender())
        places = [place for place in levels if bool(delivery.ok[place])]
        self._lesson = Lesson(sizes)
        if not places:
            return
        soft, side = delivery.parts[MAIN], delivery.parts[SIDE]
        assert isinstance(soft, Soft) and isinstance(side, tuple), "what transport split delivers"
        some = Delivery({MAIN: Soft(soft.value[places], soft.quality[places]),
                         SIDE: tuple(side[place] for place in places)}, delivery.ok[places], delivery.cost)
        shown = self.decode(some, state.receiver().select(places))[MAIN]
        lost = (shown - pictures[places]).square().mean(dim=1, keepdim=True)
        error = F.avg_pool2d(lost, BLOCK * PATCH, ceil_mode=True, count_include_pad=False)[:, 0]
        self._lesson = Lesson(sizes, (classes[places], torch.stack([levels[place] for place in places]),
                                      error / error.mean(dim=(1, 2), keepdim=True).clamp_min(1e-9)))

    def remember(self, parts: Parts, memory: Any, state: State) -> Any:
        """Nothing of an item. What training has measured is taken in now, after the decoder: before, the prior must be
        the one that the class map was coded by."""
        lesson, self._lesson = self._lesson, None
        if lesson is not None:
            self.prior.learn(lesson.sizes)
            if lesson.measured is not None:
                self.prior.measure(*lesson.measured)
        return memory

    def allocation(self, side: bytes | None, down: int, across: int) -> Tensor | None:
        """Symbols of each patch int64 [down,across] by the side information; None where it is lost or damaged."""
        if not side or len(side) < RANK_BYTES:
            return None
        rank = int.from_bytes(side[:RANK_BYTES], "big")
        shape = -(-down // BLOCK), -(-across // BLOCK)
        if rank == SPELT:
            levels = list(side[RANK_BYTES:])
            if len(levels) != shape[0] * shape[1] or max(levels) >= len(LEVELS):
                return None
            return of_patches(torch.tensor(LEVELS)[torch.tensor(levels)].view(1, *shape), down, across)[0]
        try:
            classes = self.prior.code(Reader(side[RANK_BYTES:]), np.zeros(shape, dtype=np.int64))
        except InputError:
            return None
        counts = symbols(self.prior.order().cpu(), torch.tensor([rank]), torch.from_numpy(classes)[None])
        return of_patches(counts, down, across)[0]

    def _sizes(self, pictures: Tensor) -> Tensor:
        return self.prior.sizes(padded(pictures, PATCH))

    def _explored(self, classes: Tensor, state: State) -> dict[int, Tensor]:
        """The places of the items that training explores, and the places in LEVELS int64 [h,w] of their blocks."""
        rng = state.child("explore").rng
        draw = (rng.child("levels").uniform(*classes.shape[1:]) * len(LEVELS)).long().clamp_max(len(LEVELS) - 1)
        some = torch.nonzero(rng.uniform() < EXPLORED).flatten().tolist()
        return {place: draw[place].to(classes.device) for place in some}

    def _price(self, maps: list[bytes], state: State) -> Tensor:
        """Channel uses int64 [B] of the side information."""
        if state.price is None:
            raise InputError(f"{self.who} must know what its side information costs, and the transport does not say: "
                             "use transport split")
        return state.price(SIDE, [RANK_BYTES + len(one) for one in maps]).ceil().long()

    def _rank(self, classes: Tensor, latents: Tensor, uses: Tensor) -> Tensor:
        """How many steps of the prior's order [B] fit ``uses`` [B]."""
        patches = F.one_hot(of_patches(classes, *latents.shape[2:]).flatten(1), CLASSES).sum(dim=1)
        return highest_rank(self.prior.order(), patches, uses.to(latents.device) - HEAD // 2)

    def _coded(self, classes: np.ndarray) -> bytes:
        writer = Writer()
        self.prior.code(writer, classes)
        return writer.finish()


def _taken(counts: Tensor) -> Tensor:
    """Which values of a whole picture are sent, bool [B,n] in the order of a row; ``counts`` [B,h,w] of the patches."""
    sent = torch.arange(USES, device=counts.device)[:, None, None] < counts[:, None]
    return sent.flatten(1).repeat_interleave(2, dim=1)


def _order(taken: Tensor) -> Tensor:
    """Places int64 [B,n] of a row, those that are sent before the others."""
    return torch.argsort((~taken).byte(), dim=1, stable=True)


def _unpacked(row: Tensor, taken: Tensor) -> Tensor:
    """What arrived [B,8+m], each value after the level's at its place among all, [B,8+n]; 0 where nothing was sent."""
    body = row[:, HEAD:]
    body = F.pad(body, (0, taken.shape[1] - body.shape[1])) if body.shape[1] < taken.shape[1] else body
    places = torch.zeros_like(body[:, :taken.shape[1]]).scatter(1, _order(taken), body[:, :taken.shape[1]])
    return torch.cat([row[:, :HEAD], places * taken], dim=1)
