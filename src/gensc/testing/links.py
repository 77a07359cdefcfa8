"""The law of training: the link always carries."""

from collections.abc import Callable

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.channel import AWGN, Channel, Rician
from gensc.errors import InputError
from gensc.link import Link
from gensc.rng import Rng
from gensc.signal import State
from gensc.testing.laws import fresh, require

LOW_DB, HIGH_DB = 2.0, 14.0


def check_training(make: Callable[[Channel], Link], batch: Batch) -> None:
    """What a codec learns from a batch, or the rest of a link whose codec learns nothing, follows the channel and the
    SNR of its link; or the link refuses to learn with a sentence (InputError). ``make`` makes the link over a channel,
    fit for that channel where there is a choice. Raises AssertionError where it learns the same."""
    try:
        here = _gradients(make, AWGN(), batch, LOW_DB)
    except InputError:
        return
    again = _gradients(make, AWGN(), batch, LOW_DB)
    require(torch.equal(here, again), "the same seed, channel and SNR give the same gradients")
    for channel, snr_db, what in ((AWGN(), HIGH_DB, "SNR"), (Rician(k_db=0.0), LOW_DB, "channel")):
        there = _gradients(make, channel, batch, snr_db)
        require(not torch.equal(here, there), f"another {what} changes what a link learns")


def _gradients(make: Callable[[Channel], Link], channel: Channel, batch: Batch, snr_db: float) -> Tensor:
    """The gradients of everything that learns in the codec, else in the link, in a row."""
    link = fresh(lambda: make(channel), 3)
    assert isinstance(link, Link)
    link.train()
    state = State.of(snr_db, batch.item.tolist(), Rng.seeded(5, "training"))
    with Rng.seeded(6).torch_seeded():
        link.loss(link.codec.prepared(batch), state).backward()
    learner = link.codec if any(value.requires_grad for value in link.codec.parameters()) else link
    rows = [torch.zeros_like(value).flatten() if value.grad is None else value.grad.flatten()
            for value in learner.parameters() if value.requires_grad]
    require(bool(rows) and bool(torch.cat(rows).any()), "what learns gets a gradient in training")
    return torch.cat(rows)
