"""The diffusion codec: a joint source-channel code, with diffusion before and after its decoder."""

import math
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec.base import Codec, Received
from gensc.codec.diffusion.denoiser import CERTAIN, Denoiser, denoise, wiener
from gensc.codec.diffusion.pipeline import Pipeline
from gensc.codec.diffusion.restorer import SPREAD, Restorer, facts_of, restore
from gensc.codec.jscc import Jscc
from gensc.codec.pretrained import Mark, codec_of
from gensc.codec.symbolic import Symbolic, picture_sides
from gensc.errors import InputError
from gensc.metric.perceptual import st_lpips_loss
from gensc.phy.power import unit_power
from gensc.registry import register
from gensc.schedule import Schedule
from gensc.signal import MAIN, Delivery, Form, Parts, Soft, State, part_of, soft_of, tensor_of

WHO = "codec 'diffusion'"
DENOISING_STEPS = 1
MOST_STEPS = 1000
PERCEPTUAL = 5.0
"""Weight of ST-LPIPS beside the logarithm of the squared error."""
HOSTED = "diffusers:"


@register("codec", "diffusion")
class Diffusion(Codec):
    """The symbols of a trained link's codec, denoised by diffusion before its decoder and its pictures restored after.

    ``base``: a packaged link, or a link file, of codec jscc or deepjscc; its weights stay as they are and what goes
    on the air is its own. "" is a codec jscc without training, for trying things out.
    ``cbr``, ``train_cbr``: options of the base; 0 and () leave its own.
    ``denoise``: away with the channel's noise, over any channel whose equaliser leaves independent noise of a known
    power on each symbol. ``restorer``: "own"; "none"; or "diffusers:NAME", the image-to-image pipeline NAME of the
    diffusers library, from the hub's cache on this machine. ``steps``: of the restoration, 0 for none; more take longer
    and may show more detail.
    It learns by its own objective, whatever the task's loss is, from what its link delivers: channel mix trains it
    for several channels.
    """

    def __init__(self, base: str = "", cbr: float = 0.0, train_cbr: tuple[float, ...] = (), denoise: bool = False,
                 steps: int = 1, restorer: str = "own") -> None:
        super().__init__()
        if not 0 <= steps <= MOST_STEPS:
            raise InputError(f"{WHO}: steps is {steps}; expected 0 (no restoration) to {MOST_STEPS}")
        if restorer not in ("own", "none") and not restorer.startswith(HOSTED):
            raise InputError(f"{WHO}: restorer is {restorer!r}; expected \"own\", \"none\" or \"{HOSTED}NAME\" with "
                             "the name of a pipeline on the hub")
        options: dict[str, Any] = {**({"cbr": cbr} if cbr else {}), **({"train_cbr": train_cbr} if train_cbr else {})}
        codec = codec_of(base, **options) if base else Jscc(**options)
        if not isinstance(codec, Symbolic) or codec.channels % 2:
            raise InputError(f"{WHO}: base {base!r} is a link of codec {type(codec).__name__}; expected one of codec "
                             "'jscc' or 'deepjscc' that sends whole symbols")
        self.base = codec
        self.trained = bool(base)
        self.mark = Mark(codec if base else None)
        self.denoiser = Denoiser(codec.channels) if denoise else None
        self.restorer = None if restorer == "none" else Restorer()
        self.hosted = Pipeline(restorer.removeprefix(HOSTED)) if restorer.startswith(HOSTED) else None
        self.schedule = Schedule.cosine()
        self.steps = steps
        self.form = codec.form

    def received(self, form: Form) -> Form:
        return self.base.received(form)

    def encode(self, batch: Batch, state: State) -> Parts:
        """Values [B,n] of pictures [B,3,H,W]: the base's own."""
        return self.base.encode(batch, state)

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Pictures from values and qualities, as transport symbols delivers them."""
        soft = soft_of(part_of(delivery.parts, MAIN, WHO), state, WHO)
        shown = self._decoded(soft, delivery, state)
        if not self.steps or (self.restorer is None and self.hosted is None):
            return {MAIN: shown}
        rng = state.child("restorer").rng
        if self.hosted is not None:
            return {MAIN: self.hosted(shown, rng, self.steps)}
        assert self.restorer is not None
        return {MAIN: restore(self.restorer, self.schedule, shown, _told(soft.quality, shown), rng, self.steps)}

    def _decoded(self, soft: Soft, delivery: Delivery, state: State) -> Tensor:
        """Pictures as the base decodes what the denoiser leaves."""
        pictures: Tensor = self.base.decode(replace(delivery, parts={MAIN: self.denoised(soft, state)}), state)[MAIN]
        return pictures

    def denoised(self, soft: Soft, state: State) -> Soft:
        """Values and qualities after diffusion from the step that each symbol's quality names, where there is a
        denoiser."""
        if self.denoiser is None:
            return soft
        sides, head = picture_sides(state, WHO), self.base.head
        values, quality = soft.value[:, head:], soft.quality[:, head:]
        known, level = self.base.lay(math.sqrt(2) * wiener(values, quality), *sides), self.base.lay(quality, *sides)
        clean, better = (self.base.unlay(grid, values.shape[1])
                         for grid in denoise(self.denoiser, self.schedule, known, level, DENOISING_STEPS))
        # Both values of a symbol have one quality.
        pairs = better.unflatten(1, (-1, 2)).mean(dim=2).repeat_interleave(2, dim=1)
        # A decoder that is not told of noise takes the estimate for what was sent.
        certain = pairs if self.base.informed else (quality > 0).float()
        return Soft(torch.cat([soft.value[:, :head], clean / math.sqrt(2)], dim=1),
                    torch.cat([soft.quality[:, :head], certain], dim=1))

    def objective(self, batch: Batch, sent: Parts, delivery: Delivery, state: State) -> Tensor:
        """What the denoiser and the restorer learn by."""
        if not self.trained:
            raise InputError(f"{WHO} learns on a trained link: set base to a packaged link or a link file")
        soft = soft_of(part_of(delivery.parts, MAIN, WHO), state, WHO)
        parts = [self._denoising(soft, sent, state)] if self.denoiser is not None else []
        if self.restorer is not None:
            parts.append(self._restoring(self.restorer, soft, batch, delivery, state))
        if not parts:
            raise InputError(f"{WHO} has nothing to learn: set denoise = true, or restorer = \"own\"")
        return torch.stack(parts).sum()

    def _denoising(self, soft: Soft, sent: Parts, state: State) -> Tensor:
        """The negative log likelihood of what was sent under the denoiser."""
        assert self.denoiser is not None
        head, sides = self.base.head, picture_sides(state, WHO)
        symbols, _ = unit_power(tensor_of(sent[MAIN], WHO).detach().float())
        clean = torch.view_as_real(symbols).flatten(1)[:, :soft.value.shape[1]]
        values, quality, clean = (self.base.lay(row[:, head:], *sides) for row in (
            math.sqrt(2) * wiener(soft.value, soft.quality), soft.quality, math.sqrt(2) * clean))
        return self.denoiser.loss(clean, values, quality.clamp(max=CERTAIN))

    def _restoring(self, restorer: Restorer, soft: Soft, batch: Batch, delivery: Delivery, state: State) -> Tensor:
        """The error of the restorer's x_0 at a random step."""
        pictures = batch.pixels
        with torch.no_grad():
            shown = self._decoded(soft, delivery, state).float()
        rng = state.child("step").rng
        # A share of pure noise, where sampling starts, whatever the number of its steps.
        draws = rng.uniform(2).to(pictures.device)
        t = torch.where(draws[:, 0] < 0.5, 1.0, draws[:, 1]) * (self.schedule.steps - 1)
        noise = rng.child("noise").normal(*shown.shape[1:]).to(pictures.device)
        x_t = self.schedule.noisy((pictures - shown) / SPREAD, t, noise)
        restored = shown + SPREAD * restorer(shown, x_t, facts_of(self.schedule, t, _told(soft.quality, shown)))
        error = (restored - pictures).square().flatten(1).mean(dim=1)
        return (error + 1e-6).log().mean() + PERCEPTUAL * st_lpips_loss(restored, pictures)


def _told(quality: Tensor, pictures: Tensor) -> Tensor:
    """What the restorer is told of the link [B,2]: the mean decade of the SNR of what was sent, and the bandwidth
    ratio's logarithm."""
    there = (quality > 0).float()
    uses = there.sum(dim=1).clamp_min(1)
    decades = (torch.logit(quality.clamp(0.01, CERTAIN)) * there).sum(dim=1) / uses / math.log(10)
    return torch.stack([decades, (uses / 2 / pictures[0].numel()).log2() / 5 + 1], dim=1)
