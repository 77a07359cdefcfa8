"""The digital form: latents rounded at a step, entropy-coded by the learned prior."""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import functional_call

from gensc.batch import Batch
from gensc.codec.base import Codec, Received, Rehearsal
from gensc.codec.blocks import PATCH, padded
from gensc.codec.symbolic import picture_sides
from gensc.codec.vae import prior
from gensc.codec.vae.network import CELL, HYPER, Analysis, Hyper, Synthesis, facts_of
from gensc.errors import InputError
from gensc.machine.memory import refuse_beyond
from gensc.phy.entropy.coder import Reader, Writer
from gensc.registry import register
from gensc.signal import ANY, MAIN, Delivery, Form, Parts, State, bytes_of, part_of

LOG2_STEPS = torch.linspace(-6.0, 2.0, 128)
"""The quantiser's steps, log2, in units of the picture's values (the transform is near orthonormal)."""
ERROR_FLOOR = 1e-6
HYPER_LARGEST = 127
FAR = 16.0
"""Latents reach less far, in units of the picture's values: what a coder of few symbols need not leave room for."""
BYTES_A_PIXEL = 200
GREY = 0.5
USUAL_RATE, RATE_SLOPE = -3.9, 0.78
"""log2 of the bits a value of photographs at a step of 1, and how fast it falls with log2 of the step."""
APART, MOMENTUM = 0.5, 0.02
WHO = "codec 'vae'"


@register("codec", "vae")
class Vae(Codec):
    """Pictures [B,3,H,W] in [0,1] as bytes, each item at the finest step whose bytes fit its budget, and back.

    Latents [192,H/8,W/8] in units of the step, less the prior's mean, are rounded and coded with a Laplace density
    each; its scale comes from the hyper latent [32,H/32,W/32], which is coded first, by a density a channel. A payload
    is one byte, the place of the step, and one stream of both. Both ends work the prior out in float64, an item at
    a time: the same weights and library give the same table entries. An item that is lost or damaged is shown as
    mid-grey.
    ``step``: a fixed place of the step, 0 (finest) to 127, whatever the budget; None fits it to the budget.

    Training takes about the step that each item's budget asks for, at the SNR of the link, and its penalty makes a
    task's "log_mse" the logarithm of error + price * rate: squared error and bits a value of the picture, at the price
    2 ln 2 step^2/12, the slope of the error by the rate at a high rate, where the error is step^2/12.
    """

    def __init__(self, step: int | None = None) -> None:
        super().__init__()
        if step is not None and not 0 <= step < len(LOG2_STEPS):
            raise InputError(f"{WHO}: step is {step}; expected a place from 0 (finest) to {len(LOG2_STEPS) - 1}, "
                             "or none to fit it to the budget")
        self.step = step
        self.form = {MAIN: None}
        self.encoder, self.hyper, self.decoder = Analysis(), Hyper(), Synthesis()
        self.usual_rate: Tensor
        # log2 of bits a value at a step of 1.
        self.register_buffer("usual_rate", torch.tensor(USUAL_RATE))

    def received(self, form: Form) -> Form:
        if form != {MAIN: None}:
            raise InputError(f"{WHO} sends bytes and would get {dict(form)}: use a transport of bytes, such as digital")
        return {MAIN: (3, ANY, ANY)}

    def encode(self, batch: Batch, state: State) -> Parts:
        """Bytes of pictures [B,3,H,W], of at most their budgets."""
        pictures = batch.pixels
        refuse_beyond(BYTES_A_PIXEL * pictures[0, 0].numel(), f"a picture of {pictures.shape[3]} x {pictures.shape[2]} "
                      "px", "send tiles of it")
        with torch.no_grad():
            return {MAIN: tuple(self._fitted(one[None], budget) for one, budget in zip(
                pictures, self._budgets(state), strict=True))}

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Pictures float32 [B,3,H,W] in [0,1] from bytes; what is lost or damaged is concealed."""
        payloads, sides = bytes_of(part_of(delivery.parts, MAIN, WHO), WHO), picture_sides(state, WHO)
        with torch.no_grad():
            return {MAIN: torch.cat([self._picture(one, *sides) for one in payloads])}

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

    def latents(self, payload: bytes, height: int, width: int) -> Tensor:
        """The latents [1,192,h,w] of a payload of a picture of these sides. Raises InputError for bytes that are
        none."""
        if not payload or payload[0] >= len(LOG2_STEPS):
            raise InputError("these bytes are no payload of codec 'vae'")
        log2 = self._log2(payload[0])
        reader, down, across = Reader(payload[1:]), -(-height // PATCH), -(-width // PATCH)
        own = self._own(log2, -(-down // CELL), -(-across // CELL))
        hyper = prior.read(reader, own, HYPER_LARGEST)
        mean, scale = self._prior(hyper, log2, down, across)
        return ((prior.read(reader, scale, _largest(payload[0])) + mean) * torch.exp2(log2)).float()

    def _budgets(self, state: State) -> Sequence[int | None]:
        if state.budget is not None:
            return state.budget
        if self.step is None:
            raise InputError(f"{WHO} fits its step to the bytes that a transport has, and there is no limit: set the "
                             "transport's uses or cbr, or the codec's step")
        return [None] * len(state)

    def _fitted(self, picture: Tensor, budget: int | None) -> bytes:
        """The payload at the finest step that fits; b"" where none does."""
        coarsest = len(LOG2_STEPS) - 1
        if self.step is not None:
            payload = self.coded(picture, self.step)
            return payload if budget is None or len(payload) <= budget else b""
        assert budget is not None, "_budgets makes sure of it"
        low, high = 0, coarsest
        while low < high:
            middle = (low + high) // 2
            low, high = (low, middle) if self.stated_bits(picture, middle) + 8 <= 8 * budget else (middle + 1, high)
        # The statement is not to the byte: the last steps are settled by the bytes themselves.
        for step in range(low, coarsest + 1):
            payload = self.coded(picture, step)
            if len(payload) <= budget:
                return payload
        return b""

    def _numbers(self, picture: Tensor, step: int, exact: bool) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """Hyper latent and its log2 scales, rounded latents less the mean and their log2 scales, and the mean;
        ``exact``: the prior in float64, as the decoder works it out."""
        log2 = self._log2(step)
        latents = self.encoder(padded(picture, PATCH), facts_of(log2)) / torch.exp2(log2)
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

    def _picture(self, payload: bytes | None, height: int, width: int) -> Tensor:
        """A picture [1,3,H,W]; mid-grey where there is nothing to decode."""
        if payload:
            try:
                shown = self.decoder(self.latents(payload, height, width), facts_of(self._log2(payload[0])))
                return shown[..., :height, :width].nan_to_num(GREY).clamp(0, 1)
            except InputError:
                pass
        return self._log2(0).new_full((1, 3, height, width), GREY)

    def _drawn(self, state: State, values: int) -> Tensor:
        """log2 of the steps [B] that training takes: near those whose usual rate is the budget's."""
        if self.step is not None:
            raise InputError(f"{WHO}: step is {self.step}, and with a fixed step the link has no part in the training: "
                             "leave step out")
        if state.budget is None:
            raise InputError(f"{WHO} learns at the rates that its link leaves, and there is no limit: set the "
                             "transport's uses or cbr")
        rate = (8 * torch.tensor(state.budget, dtype=torch.float32) / values).clamp_min(1e-4).log2()
        apart = state.child("step").rng.uniform(low=-APART, high=APART)
        log2 = (self.usual_rate.cpu() - rate) / RATE_SLOPE + apart
        return log2.clamp(float(LOG2_STEPS[0]), float(LOG2_STEPS[-1]))

    def rehearse(self, batch: Batch, state: State) -> Rehearsal:
        """Rounding is noise to the rate, and passes its gradient on to the picture."""
        pictures = batch.pixels
        rng, values = state.child("vae").rng, pictures[0].numel()
        log2 = self._drawn(state, values).to(pictures.device)
        facts, step = facts_of(log2), torch.exp2(log2)[:, None, None, None]
        latents = self.encoder(padded(pictures, PATCH), facts) / step
        hyper = self.hyper.analyse(latents)
        hyper = hyper.float() + _noise(rng.child("hyper").uniform(*hyper.shape[1:]), hyper)
        mean, scale = self.hyper(hyper, facts, *latents.shape[2:])
        mean, scale = mean.float(), scale.float()
        residue = latents - mean
        own = self.hyper.own(facts).float()[:, :, None, None].expand_as(hyper)
        rate = prior.bits(residue + _noise(rng.child("latents").uniform(*residue.shape[1:]), residue), scale)
        total = rate.flatten(1).sum(dim=1) + prior.bits(hyper, own).flatten(1).sum(dim=1)
        rounded = mean + residue + (torch.round(residue) - residue).detach()
        shown = self.decoder(rounded * step, facts)[..., :pictures.shape[2], :pictures.shape[3]]
        error = (shown - pictures).square().flatten(1).mean(dim=1) + ERROR_FLOOR
        with torch.no_grad():
            level = (total / values).clamp_min(1e-4).log2() + RATE_SLOPE * log2
            self.usual_rate.lerp_(level.mean(), MOMENTUM)
        price = 2 * math.log(2) * step.flatten().square() / 12
        return Rehearsal({MAIN: shown}, torch.log1p(price * total / values / error))


def _largest(step: int) -> int:
    """Size of the largest number that latents are coded as; the quantiser clips there."""
    return math.ceil(FAR / 2 ** float(LOG2_STEPS[step]))


def _noise(uniform: Tensor, like: Tensor) -> Tensor:
    return uniform.to(like.device) - 0.5


def _doubled(module: torch.nn.Module) -> dict[str, Tensor]:
    state = {**dict(module.named_parameters()), **dict(module.named_buffers())}
    return {name: value.double() for name, value in state.items()}
