"""The digital form: latents rounded at a step, entropy-coded by the learned prior."""

import math
from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.func import functional_call

from gensc.codec.base import Codec
from gensc.codec.blocks import PATCH
from gensc.codec.vae import prior
from gensc.codec.vae.network import CELL, HYPER, Analysis, Hyper, Synthesis, facts_of
from gensc.errors import InputError
from gensc.machine.memory import refuse_beyond
from gensc.phy.entropy.coder import Reader, Writer
from gensc.registry import register
from gensc.signal import Payload, Received, Rehearsal, State

LOG2_STEPS = torch.linspace(-6.0, 2.0, 128)
"""The quantiser's steps, log2, in units of the picture's values (the transform is near orthonormal)."""
ERROR_FLOOR = 1e-6
HYPER_LARGEST = 127
FAR = 16.0
"""Latents reach less far, in units of the picture's values: what a coder of few symbols need not leave room for."""
BYTES_A_PIXEL = 200
GREY = 0.5


@register("codec", "vae")
class Vae(Codec):
    """Pictures [B,3,H,W] in [0,1] as bytes, each item at the finest step whose bytes fit its room, and back.

    Latents [192,H/8,W/8] in units of the step, less the prior's mean, are rounded and coded with a Laplace density
    each; its scale comes from the hyper latent [32,H/32,W/32], which is coded first, by a density a channel. A payload
    is one byte, the place of the step, and one stream of both. Both ends work the prior out in float64, an item at
    a time: the same weights and library give the same table entries.
    ``step``: a fixed place of the step, 0 (finest) to 127, whatever the room; None fits it to the room.
    ``size``: the side of the pictures in px, or (height, width).

    Training draws the step of each item, and its penalty makes a task's "log_mse" the logarithm of error + price *
    rate: squared error and bits a value of the picture, at the price 2 ln 2 step^2/12, the slope of the error by the
    rate at a high rate, where the error is step^2/12. An item that is lost or damaged is shown as mid-grey.
    """

    shape = None

    def __init__(self, step: int | None = None, size: int | tuple[int, ...] = 224) -> None:
        super().__init__()
        self.height, self.width = (size, size) if isinstance(size, int) else size
        if step is not None and not 0 <= step < len(LOG2_STEPS):
            raise InputError(f"codec 'vae': step is {step}; expected a place from 0 (finest) to {len(LOG2_STEPS) - 1}, "
                             "or none to fit it to the room")
        if min(self.height, self.width) < 1:
            raise InputError(f"codec 'vae': size is {size}; expected sides of 1 px or more")
        self.step = step
        self.encoder, self.hyper, self.decoder = Analysis(), Hyper(), Synthesis()

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        if delivered is not None:
            raise InputError("codec 'vae' sends bytes: use a transport of bytes, such as digital")
        return 3, self.height, self.width

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """Bytes of pictures [B,3,H,W], of at most their rooms; in training the pictures that would be received."""
        refuse_beyond(BYTES_A_PIXEL * front[0, 0].numel(), f"a picture of {front.shape[3]} x {front.shape[2]} px",
                      "send tiles of it")
        if self.training and state is not None:
            return self._rehearsed(front, state)
        if tuple(front.shape[2:]) != (self.height, self.width):
            raise InputError(f"codec 'vae': the pictures are {front.shape[3]} x {front.shape[2]} px, expected "
                             f"{self.width} x {self.height}; its size must be that of the data")
        with torch.no_grad():
            return tuple(self._fitted(one[None], room) for one, room in zip(front, self._rooms(front, state),
                                                                            strict=True))

    def decode(self, payload: Received, state: State) -> Tensor:
        """Pictures float32 [B,3,H,W] in [0,1] from bytes; what is lost or damaged is concealed."""
        if isinstance(payload, Tensor):
            return payload
        if not isinstance(payload, tuple):
            raise InputError("codec 'vae' got symbols where it sends bytes: use a transport of bytes, such as digital")
        with torch.no_grad():
            return torch.cat([self._picture(one) for one in payload])

    def stated_bits(self, picture: Tensor, step: int) -> float:
        """Bits that the prior states for a picture [1,3,H,W] at a place of the step, with its scales as they are."""
        with torch.no_grad():
            hyper, own, residue, scale, _ = self._numbers(picture, step, exact=False)
            return float(prior.bits(hyper, own).sum() + prior.bits(residue, scale).sum())

    def coded(self, picture: Tensor, step: int) -> bytes:
        """The payload of a picture [1,3,H,W] at a place of the step."""
        with torch.no_grad():
            hyper, own, residue, scale, _ = self._numbers(picture, step, exact=True)
        writer = Writer()
        prior.write(writer, hyper, own, HYPER_LARGEST)
        prior.write(writer, residue, scale, _largest(step))
        return bytes([step]) + writer.finish()

    def latents(self, payload: bytes) -> Tensor:
        """The latents [1,192,h,w] of a payload. Raises InputError for bytes that are none."""
        if not payload or payload[0] >= len(LOG2_STEPS):
            raise InputError("codec 'vae': these bytes are no payload of it")
        log2 = self._log2(payload[0])
        reader, down, across = Reader(payload[1:]), -(-self.height // PATCH), -(-self.width // PATCH)
        own = self._own(log2, -(-down // CELL), -(-across // CELL))
        hyper = prior.read(reader, own, HYPER_LARGEST)
        mean, scale = self._prior(hyper, log2, down, across)
        return ((prior.read(reader, scale, _largest(payload[0])) + mean) * torch.exp2(log2)).float()

    def _rooms(self, front: Tensor, state: State | None) -> Sequence[int | None]:
        if state is not None and state.room is not None:
            return state.room
        if self.step is None:
            raise InputError("codec 'vae' fits its step to the room of a transport, and there is none: set the "
                             "transport's uses, or the codec's step")
        return [None] * len(front)

    def _fitted(self, picture: Tensor, room: int | None) -> bytes:
        """The payload at the finest step that fits; b"" where none does."""
        coarsest = len(LOG2_STEPS) - 1
        if self.step is not None:
            payload = self.coded(picture, self.step)
            return payload if room is None or len(payload) <= room else b""
        assert room is not None, "_rooms makes sure of it"
        low, high = 0, coarsest
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.stated_bits(picture, middle) + 8 <= 8 * room else (middle + 1, high)
        # The statement is not to the byte: the last steps are settled by the bytes themselves.
        for step in range(low, coarsest + 1):
            payload = self.coded(picture, step)
            if len(payload) <= room:
                return payload
        return b""

    def _numbers(self, picture: Tensor, step: int, exact: bool) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Hyper latent and its log2 scales, rounded latents less the mean and their log2 scales, and the mean;
        ``exact``: the prior in float64, as the decoder works it out."""
        log2 = self._log2(step)
        latents = self.encoder(_padded(picture), facts_of(log2)) / torch.exp2(log2)
        hyper = torch.round(self.hyper.analyse(latents)).clamp(-HYPER_LARGEST, HYPER_LARGEST)
        down, across = latents.shape[2:]
        if exact:
            hyper = hyper.double()
            own = self._own(log2, *hyper.shape[2:])
            mean, scale = self._prior(hyper, log2, down, across)
        else:
            own = self.hyper.own(facts_of(log2))[:, :, None, None].expand_as(hyper)
            mean, scale = self.hyper(hyper, facts_of(log2), down, across)
        residue = torch.round(latents - mean).clamp(-_largest(step), _largest(step))
        return hyper, own, residue, scale, mean

    def _log2(self, step: int) -> Tensor:
        return LOG2_STEPS[step][None].to(self.encoder.linear.weight.device)

    def _prior(self, hyper: Tensor, log2: Tensor, down: int, across: int) -> tuple[Tensor, Tensor]:
        return functional_call(self.hyper, _doubled(self.hyper), (hyper, facts_of(log2).double(), down, across))

    def _own(self, log2: Tensor, down: int, across: int) -> Tensor:
        known = functional_call(self.hyper.known, _doubled(self.hyper.known), (facts_of(log2).double(),))
        own = functional_call(self.hyper.scale, _doubled(self.hyper.scale), (known,))
        return own[:, :, None, None].expand(1, HYPER, down, across)

    def _picture(self, payload: bytes | None) -> Tensor:
        """A picture [1,3,H,W]; mid-grey where there is nothing to decode."""
        if payload:
            try:
                shown = self.decoder(self.latents(payload), facts_of(self._log2(payload[0])))
                return shown[..., :self.height, :self.width].nan_to_num(GREY).clamp(0, 1)
            except InputError:
                pass
        return self._log2(0).new_full((1, 3, self.height, self.width), GREY)

    def _rehearsed(self, front: Tensor, state: State) -> Rehearsal:
        """What training sends: rounding is noise to the rate, and passes its gradient on to the picture."""
        rng = state.child("vae").rng
        low, high = float(LOG2_STEPS[0]), float(LOG2_STEPS[-1])
        log2 = rng.child("step").uniform(low=low, high=high).to(front.device)
        facts, step = facts_of(log2), torch.exp2(log2)[:, None, None, None]
        latents = self.encoder(_padded(front), facts) / step
        hyper = self.hyper.analyse(latents)
        hyper = hyper.float() + _noise(rng.child("hyper").uniform(*hyper.shape[1:]), hyper)
        mean, scale = self.hyper(hyper, facts, *latents.shape[2:])
        mean, scale = mean.float(), scale.float()
        residue = latents - mean
        own = self.hyper.own(facts).float()[:, :, None, None].expand_as(hyper)
        rate = prior.bits(residue + _noise(rng.child("latents").uniform(*residue.shape[1:]), residue), scale)
        total = rate.flatten(1).sum(dim=1) + prior.bits(hyper, own).flatten(1).sum(dim=1)
        rounded = mean + residue + (torch.round(residue) - residue).detach()
        shown = self.decoder(rounded * step, facts)[..., :front.shape[2], :front.shape[3]]
        error = (shown - front).square().flatten(1).mean(dim=1) + ERROR_FLOOR
        price = 2 * math.log(2) * step.flatten().square() / 12
        return Rehearsal(shown, torch.log1p(price * total / front[0].numel() / error))


def _largest(step: int) -> int:
    """Size of the largest number that latents are coded as; the quantiser clips there."""
    return math.ceil(FAR / 2 ** float(LOG2_STEPS[step]))


def _padded(pictures: Tensor) -> Tensor:
    return F.pad(pictures, (0, -pictures.shape[3] % PATCH, 0, -pictures.shape[2] % PATCH), mode="replicate")


def _noise(uniform: Tensor, like: Tensor) -> Tensor:
    return uniform.to(like.device) - 0.5


def _doubled(module: torch.nn.Module) -> dict[str, Tensor]:
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: value.double() for name, value in state.items()}
