"""The diffusion codec: a joint source-channel code, with diffusion before and after its decoder."""

import math
from dataclasses import replace
from typing import Any, Protocol, cast

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.codec.base import Codec
from gensc.codec.diffusion.denoiser import CERTAIN, Denoiser, denoise, wiener
from gensc.codec.diffusion.pipeline import Pipeline
from gensc.codec.diffusion.restorer import SPREAD, Restorer, facts_of, restore
from gensc.codec.jscc import Jscc
from gensc.codec.pretrained import Mark, codec_of
from gensc.errors import InputError
from gensc.metric.perceptual import st_lpips_loss
from gensc.registry import register
from gensc.schedule import Schedule
from gensc.signal import Payload, Received, State

DENOISING_STEPS = 1
MOST_STEPS = 1000
PERCEPTUAL = 5.0
"""Weight of ST-LPIPS beside the logarithm of the squared error."""
HOSTED = "diffusers:"


class Symbolic(Protocol):
    """What a base must be: a codec of analog symbols that says where on a grid [B,channels,h,w] each belongs, but for
    ``head`` values before them, and whether its decoder is ``informed`` of the symbols' quality."""

    channels: int
    informed: bool
    head: int

    def lay(self, row: Tensor) -> Tensor: ...
    def unlay(self, grid: Tensor, count: int) -> Tensor: ...


@register("codec", "diffusion")
class Diffusion(Codec):
    """The symbols of a trained link's codec, denoised by diffusion before its decoder and its pictures restored after.

    ``base``: a packaged link, or a link file, of codec jscc or deepjscc; its weights stay as they are and what goes
    on the air is its own. "" is a codec jscc without training, for trying things out.
    ``cbr``, ``train_cbr``, ``size``: options of the base; 0 and () leave its own.
    ``denoise``: away with the channel's noise, over any channel whose equaliser leaves independent noise of a known
    power on each symbol. ``restorer``: "own"; "none"; or "diffusers:NAME", the image-to-image pipeline NAME of the
    diffusers library, from the hub's cache on this machine. ``steps``: of the restoration, 0 for none; more take longer
    and may show more detail.
    It learns by its own objective, whatever the task's loss is.
    """

    self_taught = True

    def __init__(self, base: str = "", cbr: float = 0.0, train_cbr: tuple[float, ...] = (),
                 size: int | tuple[int, ...] = 224, denoise: bool = False, steps: int = 1,
                 restorer: str = "own") -> None:
        super().__init__()
        if not 0 <= steps <= MOST_STEPS:
            raise InputError(f"codec 'diffusion': steps is {steps}; expected 0 (no restoration) to {MOST_STEPS}")
        if restorer not in ("own", "none") and not restorer.startswith(HOSTED):
            raise InputError(f"codec 'diffusion': restorer is {restorer!r}; expected \"own\", \"none\" or "
                             f"\"{HOSTED}NAME\" with the name of a pipeline on the hub")
        options: dict[str, Any] = {"size": size, **({"cbr": cbr} if cbr else {}),
                                   **({"train_cbr": train_cbr} if train_cbr else {})}
        self.base: Codec = codec_of(base, **options) if base else Jscc(**options)
        if not hasattr(self.base, "lay") or self.base.shape is None or self.base.shape[0] % 2:
            raise InputError(f"codec 'diffusion': base {base!r} is a link of codec {type(self.base).__name__}; "
                             "expected one of codec 'jscc' or 'deepjscc' that sends whole symbols")
        self.trained = bool(base)
        self.mark = Mark(self.base if base else None)
        self.denoiser = Denoiser(self.symbolic.channels) if denoise else None
        self.restorer = None if restorer == "none" else Restorer()
        self.hosted = Pipeline(restorer.removeprefix(HOSTED)) if restorer.startswith(HOSTED) else None
        self.schedule = Schedule.cosine()
        self.steps = steps
        self.shape = self.base.shape

    @property
    def symbolic(self) -> Symbolic:
        return cast(Symbolic, self.base)

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        return self.base.received_shape(delivered)

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """Values [B,n] of pictures [B,3,H,W]: the base's own."""
        return self.base.rest(front, state)

    def decode(self, payload: Received, state: State) -> Tensor:
        """Pictures from [B,2,n] (values and qualities, as transport symbols delivers them) or [B,n] (MMSE estimates
        of the quality that the SNR promises)."""
        if not isinstance(payload, Tensor):
            raise InputError("codec 'diffusion' got bytes where its base sends symbols: use transport symbols")
        if payload.dim() == 2:
            promised = (1 / (1 + state.n0.to(payload.device)))[:, None].expand_as(payload)
            payload = torch.stack([payload, promised], dim=1)
        shown = self.base.decode(self.denoised(payload), state)
        if not self.steps or (self.restorer is None and self.hosted is None):
            return shown
        rng = state.child("restorer").rng
        if self.hosted is not None:
            return self.hosted(shown, rng, self.steps)
        assert self.restorer is not None
        return restore(self.restorer, self.schedule, shown, _told(payload[:, 1], shown), rng, self.steps)

    def denoised(self, payload: Tensor) -> Tensor:
        """Values and qualities [B,2,n] after diffusion from the step that each symbol's quality names, where there is a
        denoiser."""
        if self.denoiser is None:
            return payload
        head, rest = payload[..., :self.symbolic.head], payload[..., self.symbolic.head:]
        values, quality = rest.unbind(1)
        known, level = self.symbolic.lay(math.sqrt(2) * wiener(values, quality)), self.symbolic.lay(quality)
        clean, better = (self.symbolic.unlay(grid, values.shape[1])
                         for grid in denoise(self.denoiser, self.schedule, known, level, DENOISING_STEPS))
        # Both values of a symbol have one quality.
        pairs = better.unflatten(1, (-1, 2)).mean(dim=2).repeat_interleave(2, dim=1)
        # A decoder that is not told of noise takes the estimate for what was sent.
        told = pairs if self.symbolic.informed else (quality > 0).float()
        return torch.cat([head, torch.stack([clean / math.sqrt(2), told], dim=1)], dim=2)

    def objective(self, batch: Batch, state: State) -> Tensor:
        """What the denoiser and the restorer learn by."""
        if not self.trained:
            raise InputError("codec 'diffusion' learns on a trained link: set base to a packaged link or a link file")
        delivered, sent = self._received(batch, state)
        parts = [self._denoising(delivered, sent)] if self.denoiser is not None else []
        if self.restorer is not None:
            parts.append(self._restoring(self.restorer, delivered, batch, state))
        if not parts:
            raise InputError("codec 'diffusion' has nothing to learn: set denoise = true, or restorer = \"own\"")
        return torch.stack(parts).sum()

    def _denoising(self, delivered: Tensor, sent: Tensor) -> Tensor:
        """The negative log likelihood of what was sent under the denoiser."""
        assert self.denoiser is not None
        head = self.symbolic.head
        values, quality, clean = (self.symbolic.lay(row[:, head:]) for row in (
            math.sqrt(2) * delivered[:, 0], delivered[:, 1], math.sqrt(2) * sent))
        return self.denoiser.loss(clean, values, quality.clamp(max=CERTAIN))

    def _restoring(self, restorer: Restorer, delivered: Tensor, batch: Batch, state: State) -> Tensor:
        """The error of the restorer's x_0 at a random step."""
        with torch.no_grad():
            shown = self.base.decode(self.denoised(delivered), state).float()
        rng = state.child("step").rng
        # A share of pure noise, where sampling starts, whatever the number of its steps.
        draws = rng.uniform(2)
        t = torch.where(draws[:, 0] < 0.5, 1.0, draws[:, 1]) * (self.schedule.steps - 1)
        x_t = self.schedule.noisy((batch.x - shown) / SPREAD, t, rng.child("noise").normal(*shown.shape[1:]))
        found = shown + SPREAD * restorer(shown, x_t, facts_of(self.schedule, t, _told(delivered[:, 1], shown)))
        error = (found - batch.x).square().flatten(1).mean(dim=1)
        return (error + 1e-6).log().mean() + PERCEPTUAL * st_lpips_loss(found, batch.x)

    def _received(self, batch: Batch, state: State) -> tuple[Tensor, Tensor]:
        """What would be delivered [B,2,n] of a batch, and what was sent [B,n] at unit power: over fading symbols for
        half of the items, after an MMSE equaliser."""
        with torch.no_grad():
            values = self.base.rest(batch.x, replace(state, room=None))
        assert isinstance(values, Tensor), "a symbolic codec sends values"
        pairs = values.float().unflatten(1, (-1, 2))
        there = (pairs != 0).any(dim=2, keepdim=True).float()
        power = pairs.square().sum(dim=(1, 2), keepdim=True) / there.sum(dim=(1, 2), keepdim=True).clamp_min(1)
        sent = pairs * power.clamp_min(1e-12).rsqrt()
        rng = state.child("air").rng
        gain = -torch.log1p(-rng.uniform(sent.shape[1], 1))
        fades = (rng.child("fades").uniform(1, 1) < 0.5).float()
        snr = (fades * gain + 1 - fades) / state.n0[:, None, None]
        quality = there * snr / (1 + snr)
        noise = rng.child("noise").normal(*sent.shape[1:]) * (1 / (2 * snr.clamp_min(1e-6))).sqrt()
        rows = [(quality * (sent + noise)).flatten(1), quality.expand_as(sent).flatten(1)]
        return torch.stack(rows, dim=1), sent.flatten(1)


def _told(quality: Tensor, pictures: Tensor) -> Tensor:
    """What the restorer is told of the link [B,2]: the mean decade of the SNR of what was sent, and the bandwidth
    ratio's logarithm."""
    there = (quality > 0).float()
    uses = there.sum(dim=1).clamp_min(1)
    decades = (torch.logit(quality.clamp(0.01, CERTAIN)) * there).sum(dim=1) / uses / math.log(10)
    return torch.stack([decades, (uses / 2 / pictures[0].numel()).log2() / 5 + 1], dim=1)
