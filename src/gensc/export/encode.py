"""What the columns hold: a backbone's logits, and the same logits after a noisy channel."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from gensc.batch import unlabelled
from gensc.codec.backbone import Backbone
from gensc.experiment.store import BATCH
from gensc.rng import Rng
from gensc.signal import MAIN, State, tensor_of
from gensc.transport import Features


def width(codec: Backbone) -> int:
    """How many features a frozen backbone gives."""
    return math.prod(codec.form[MAIN] or ())


def logits(codec: Backbone, images: Tensor) -> Tensor:
    """The logits float32 [B,F] of images float32 [B,3,S,S] in [0,1].

    Every forward pass has ``BATCH`` pictures, the last one filled up: an item's bits never depend on its
    neighbours.
    """
    rows = []
    for part in images.split(BATCH):
        filled = torch.cat([part, part.new_zeros(BATCH - len(part), *part.shape[1:])])
        rows.append(codec.prepared(unlabelled(filled)).pixels.flatten(1)[: len(part)])
    return torch.cat(rows)


def noisy(clean: Tensor, snr_db: float, items: Sequence[int], seed: int) -> Tensor:
    """Features float32 [B,F] after AWGN at ``snr_db`` (Es/N0, item by item), at their own scale.

    The transport ``Features`` sends each item at unit power and gives it back so; here it gets its rms back,
    so that the result can be set against ``clean``. The noise is drawn for each identity in ``items``, the
    seed and the SNR: it is the same for all backbones.
    """
    # "mmse", the transport's own choice, would shrink the features and so change the measured SNR.
    transport = Features(equalizer="zf")
    transport.bind({MAIN: tuple(clean.shape[1:])})
    state = State.of(snr_db, list(items), Rng.seeded(seed, "export", snr_db))
    received = tensor_of(transport({MAIN: clean}, state).main, "the receiver")
    return received * clean.square().mean(dim=1, keepdim=True).sqrt()
