"""A codec of two networks of one's own."""

import torch
from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec.base import Codec, Received
from gensc.errors import InputError
from gensc.signal import MAIN, Delivery, Form, Parts, Soft, State, part_of, soft_of


class Modules(Codec):
    """``encoder``: items [B, *shape] -> values [B, ...] of any shape, each pair of neighbours one channel symbol over
    transport symbols; ``decoder``: values of that shape -> what the task gets, e.g. pictures [B, *shape].

    ``shape``: that of an item. ``quality``: the decoder is called with the values and their qualities, both of the
    encoder's shape (snr/(1+snr) of each, 0 for what was not sent).

    >>> from gensc import Link, channel, task, transport
    >>> encoder, decoder = nn.Conv2d(3, 8, 4, 4), nn.ConvTranspose2d(8, 3, 4, 4)
    >>> codec = Modules(encoder, decoder, shape=(3, 32, 32))
    >>> link = Link(codec, transport.Symbols(channel.Rayleigh()), task.Reconstruct())
    >>> dict(codec.form)
    {'main': (8, 8, 8)}

    Raises InputError where a network gives another shape than before, or nan.
    """

    def __init__(self, encoder: nn.Module, decoder: nn.Module, shape: tuple[int, ...], quality: bool = False) -> None:
        super().__init__()
        self.encoder, self.decoder, self.shape, self.quality = encoder, decoder, tuple(shape), quality
        device = next((value.device for value in encoder.parameters()), torch.device("cpu"))
        training = encoder.training
        try:
            with torch.no_grad():
                values = self.eval().encoder(torch.zeros(1, *shape, device=device))
        except (RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"codec.Modules: the encoder {type(encoder).__name__} does not take items of shape "
                             f"[B, {', '.join(map(str, shape))}] ({str(error).splitlines()[0]}): give the shape of "
                             "your items") from error
        self.train(training)
        if not isinstance(values, Tensor) or values.ndim < 2 or len(values) != 1:
            found = f"{list(values.shape)}" if isinstance(values, Tensor) else type(values).__name__
            raise InputError(f"codec.Modules: the encoder {type(encoder).__name__} makes {found} of one item; expected "
                             "a tensor [1, ...]")
        self.form = {MAIN: tuple(values.shape[1:])}

    def received(self, form: Form) -> Form:
        """What the decoder makes of the encoder's values."""
        shape = self.form[MAIN]
        device = next((value.device for value in self.decoder.parameters()), torch.device("cpu"))
        zeros = torch.zeros(1, *(shape or ()), device=device)
        training = self.training
        try:
            with torch.no_grad():
                made = self.eval()._decoded(Soft(zeros, zeros))
        except (RuntimeError, TypeError, ValueError) as error:
            raise InputError(f"codec.Modules: the decoder {type(self.decoder).__name__} does not take values of the "
                             f"encoder's shape [B, {', '.join(map(str, shape or ()))}] ({str(error).splitlines()[0]})"
                             ) from error
        finally:
            self.train(training)
        return {MAIN: tuple(made.shape[1:])}

    def encode(self, batch: Batch, state: State) -> Parts:
        """Values [B, ...] of items [B, *shape]."""
        return {MAIN: self._checked(self.encoder(batch.pixels), self.encoder, (len(batch), *(self.form[MAIN] or ())))}

    def decode(self, delivery: Delivery, state: State) -> Received:
        """What the decoder makes of the values that arrived."""
        soft = soft_of(part_of(delivery.parts, MAIN, "codec.Modules"), state, "codec.Modules")
        shape = (len(soft), *(self.form[MAIN] or ()))
        made = self._decoded(Soft(soft.value.reshape(shape), soft.quality.reshape(shape)))
        return {MAIN: self._checked(made, self.decoder, (len(soft), *made.shape[1:]))}

    def _decoded(self, soft: Soft) -> Tensor:
        made: Tensor = self.decoder(soft.value, soft.quality) if self.quality else self.decoder(soft.value)
        return made

    def _checked(self, made: Tensor, network: nn.Module, shape: tuple[int, ...]) -> Tensor:
        if tuple(made.shape) != shape:
            raise InputError(f"codec.Modules: {type(network).__name__} made {list(made.shape)}, expected {list(shape)}")
        if not torch.isfinite(made.detach()).all():
            raise InputError(f"codec.Modules: {type(network).__name__} made nan or infinity: lower the learning rate, "
                             "or look at its input")
        return made
