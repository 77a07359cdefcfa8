"""Decide at the sender: another codec's encoder and the task's network before the channel, the answer over it."""

from collections.abc import Mapping

import torch.nn.functional as F
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec.base import Codec, Front
from gensc.errors import InputError
from gensc.registry import create, lookup, options_of, register
from gensc.signal import ANSWER, MAIN, Delivery, Form, Parts, State, part_of, tensor_of

WHO = "codec decision"


@register("codec", "decision")
class Decision(Codec):
    """Items -> the features of ``of``, another codec -> ``head`` -> scores [B, classes], of which the transport sends
    the best -> what the receiver believes of each answer, [B, classes].

    What a classical link does for a task with a small answer: the same network, and the same training, at the sender.
    ``of``: the codec by name, with its options; ``head`` as in task classify, and ``smoothing``. It learns from what is
    decided, before the channel.
    """

    classical = True

    def __init__(self, of: dict | None = None, head: str = "3xfc", smoothing: float = 0.1, classes: int = 16,
                 size: int = 224) -> None:
        super().__init__()
        options = {"name": "backbone"} if of is None else dict(of)
        name = options.pop("name", None)
        if not isinstance(name, str):
            raise InputError(f"decision: of is {of!r}; expected a codec by name and its options, e.g. "
                             "{name = 'backbone'}")
        if "size" in options_of(lookup("codec", name)):
            options.setdefault("size", size)
        self.of: Codec = create("codec", name, **options)
        shape = part_of(self.of.form, MAIN, WHO)
        if shape is None or len(shape) not in (1, 3) or min(shape) < 1:
            raise InputError(f"decision: codec {name} makes no features of a fixed size to decide by: use one that "
                             "does, e.g. backbone")
        self.smoothing = smoothing
        self.head: nn.Module = create("head", head, width=shape[0], classes=classes)
        self.form = {MAIN: (classes,)}

    @property
    def front(self) -> Front | None:
        return self.of.front

    def received(self, form: Form) -> Form:
        return {ANSWER: part_of(form, MAIN, WHO)}

    def encode(self, batch: Batch, state: State) -> Parts:
        """The scores [B, classes]."""
        features = tensor_of(part_of(self.of.encode(batch, state), MAIN, WHO), WHO)
        return {MAIN: self.head(features.mean(dim=(2, 3)) if features.ndim == 4 else features)}

    def decode(self, delivery: Delivery, state: State) -> Mapping[str, Tensor]:
        return {ANSWER: tensor_of(part_of(delivery.parts, MAIN, WHO), WHO)}

    def objective(self, batch: Batch, sent: Parts, delivery: Delivery, state: State) -> Tensor:
        """Cross-entropy of the decision, as if there were no channel: what is decided is not what is lost."""
        scores = tensor_of(part_of(sent, MAIN, WHO), WHO)
        return F.cross_entropy(scores, batch.column("label", WHO).long(), label_smoothing=self.smoothing)
