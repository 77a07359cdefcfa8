"""A choice among a few as one word over the channel: how a decision is sent best."""

from functools import lru_cache

import torch
from torch import Tensor

from gensc.channel import Channel
from gensc.errors import InputError
from gensc.phy.codebook import codebook
from gensc.registry import register
from gensc.signal import Form, Parts, State, one_part, tensor_of
from gensc.transport.base import flat, only_features
from gensc.transport.bytewise import uses_of
from gensc.transport.equalize import Reception
from gensc.transport.radio import Arrival, Emission, Radio, arrived, symbols_in

WHO = "transport words"
LEAST_NOISE = 1e-9
"""Without noise the nearest word is certain, and its likelihood still a number."""


@register("transport", "words")
class Words(Radio):
    """Scores [B,M], of any shape -> the word of the largest, in ``uses`` channel uses, ``pilots`` included -> log p of
    each [B,M].

    The words are those of ``gensc.phy.codebook``; the receiver weighs every word by what it heard, all equally likely
    before. Nothing is ever lost: what arrives may be another word. With csi "both" the gains change nothing that is
    sent. The scores get the gradient that the task gives what was received.
    """

    role = "separate"
    power = "nominal"
    tells_gain = True

    def __init__(self, channel: Channel | None = None, uses: int = 128, pilots: int = 0,
                 bandwidth_hz: float = 20e6) -> None:
        super().__init__(channel, "zf", pilots, bandwidth_hz)
        if uses <= pilots:
            raise InputError(f"words: uses is {uses}, {pilots} of them pilots; expected at least one more")
        self.uses = uses

    def bind(self, form: Form) -> Form:
        part, shape = only_features(form, "words")
        words(torch.Size(shape).numel(), symbols_in(self.uses, self.overhead) - self.pilots)
        return {part: shape}

    def gain_db(self, state: State) -> Tensor | None:
        """Nothing that is sent depends on it."""
        return None

    def emit(self, parts: Parts, state: State) -> Emission:
        name, part = one_part(parts, WHO)
        scores = flat(part, "words")
        uses = uses_of("words", self.uses, 0.0, state)
        lengths = [symbols_in(count, self.overhead) - self.pilots for count in uses]
        if min(lengths) < 1:
            raise InputError(f"words: an item has {min(uses)} channel uses, {self.pilots} of them pilots, and no "
                             "symbol fits: give more")
        best = scores.argmax(dim=1).tolist()
        x = torch.zeros(len(scores), max(lengths), dtype=torch.complex64)
        for row, word, length in zip(x, best, lengths, strict=True):
            row[:length] = words(scores.shape[1], length)[word]
        return Emission(x.to(scores.device), torch.tensor(lengths, dtype=torch.float32, device=scores.device),
                        (name, tensor_of(part, WHO), lengths))

    def absorb(self, heard: Reception, emission: Emission, state: State) -> Arrival:
        name, scores, lengths = emission.notes
        count = scores[0].numel()
        met = heard.x if heard.h is None else heard.h.conj() * heard.x
        power = torch.ones_like(heard.x.real) if heard.h is None else heard.h.abs().square()
        fit = torch.empty(len(scores), count, device=met.device)
        for length in set(lengths):
            rows, book = [row for row, one in enumerate(lengths) if one == length], words(count, length).to(met.device)
            # log p(y | word) = -sum |y - h x|^2 / N, without what all words share.
            fit[rows] = (2 * (met[rows, :length] @ book.conj().T).real
                         - power[rows, :length] @ book.abs().square().T) / heard.noise[rows].clamp_min(LEAST_NOISE)
        passed = (scores - scores.detach()).to(fit.device)
        return arrived({name: fit.log_softmax(dim=1).view_as(scores) + passed}, emission)


@lru_cache(maxsize=64)
def words(count: int, symbols: int) -> Tensor:
    """The codebook, made once."""
    return codebook(count, symbols)
