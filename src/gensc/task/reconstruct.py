"""Show the picture that was sent."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np
from torch import Tensor

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.metric import Estimate, figures, frechet
from gensc.metric.clip import clip_score, clip_similarity
from gensc.metric.estimate import mean
from gensc.metric.features import Kept, inception, lite0
from gensc.metric.image import MS_SSIM_SIDE, ms_ssim, psnr, ssim
from gensc.metric.lpips import lpips
from gensc.metric.perceptual import st_lpips, st_lpips_loss, st_lpips_vgg
from gensc.registry import register
from gensc.signal import ANY, MAIN, Form, State, part_of
from gensc.task.base import Run, Task
from gensc.task.critic import Critic
from gensc.zoo.metrics import weights_and_reader

Metric = Literal["psnr", "ssim", "ms_ssim", "st_lpips", "st_lpips_vgg", "lpips", "clip_similarity", "clip_score",
                 "frechet_lite0", "fid"]
MEASURES = (figures.PSNR, figures.MS_SSIM, figures.ST_LPIPS, figures.ST_LPIPS_VGG, figures.SSIM, figures.LPIPS,
            figures.CLIP_SIMILARITY, figures.CLIP_SCORE, figures.FRECHET_LITE0, figures.FID)
"""As they are worth a column."""
OF_PAIRS = {"psnr": psnr, "ssim": ssim, "ms_ssim": ms_ssim, "st_lpips": st_lpips,
            "st_lpips_vgg": st_lpips_vgg, "lpips": lpips, "clip_similarity": clip_similarity}
"""Figures of an item, from what was received and what was sent."""
OF_SETS = {"frechet_lite0": lite0, "fid": inception}
"""The features whose sets give the figure."""
WHO = "task reconstruct"
_WEIGHTS = {"lpips": "lpips", "fid": "fid", "clip_score": "clip", "clip_similarity": "clip"}
Loss = Literal["mse", "log_mse", "perceptual", "adversarial"]
LOG_FLOOR = 1e-6
"""Added to a squared error before its logarithm: what lies below 60 dB teaches nothing."""


@register("task", "reconstruct")
class Reconstruct(Task[Tensor]):
    """The received picture [B,3,H,W] as it is.

    ``loss``: "mse", the mean squared error to the picture that was sent; "log_mse", the mean over the items of the
    natural logarithm of the item's own squared error, which is the mean PSNR up to a factor, so that a clear item
    weighs as much as a noisy one; "perceptual", "log_mse" and ``perceptual`` times the mean ST-LPIPS; "adversarial",
    "perceptual" and ``adversarial`` times what a critic that learns beside it finds. Validation leaves the critic out.

    ``metrics``, "psnr" among them: "psnr" (dB at data range 1, at most 100 dB), "ssim", "ms_ssim" (sides of at least
    176 px), "st_lpips" and "st_lpips_vgg" (the slowest; a link trained by "perceptual" or "adversarial" has learned to
    please the first, and is judged by the second), "lpips", "clip_similarity" and, for data with captions,
    "clip_score" are means over the items of the item's own figure; "frechet_lite0" and "fid" are Fréchet distances of
    the sets of pictures received and sent. All score the picture as a screen shows it, clamped to [0,1]; the loss sees
    it as it is. Those that need weights that are not on this machine are refused by ``bind``.
    """

    rival = "picture"
    scaffold = ("critic",)

    def __init__(self, metrics: tuple[Metric, ...] = ("psnr", "ssim"), loss: Loss = "mse",
                 perceptual: float = 1.0, adversarial: float = 0.1) -> None:
        super().__init__()
        if "psnr" not in metrics or len(set(metrics)) < len(metrics):
            raise InputError(f"reconstruct: metrics are {list(metrics)}; expected each once, \"psnr\" among them")
        if not 0 < perceptual < math.inf:
            raise InputError(f"reconstruct: perceptual is {perceptual}; expected a weight above 0, or "
                             "loss = \"log_mse\"")
        if not 0 < adversarial < math.inf:
            raise InputError(f"reconstruct: adversarial is {adversarial}; expected a weight above 0, or "
                             "loss = \"perceptual\"")
        self.metrics, self.criterion, self.perceptual, self.adversarial = metrics, loss, perceptual, adversarial
        self.measures = tuple(measure for measure in MEASURES if measure.name in metrics)
        self.needs = ("caption",) if "clip_score" in metrics else ()
        self._sent: dict[str, Kept] = {name: Kept(OF_SETS[name]) for name in metrics if name in OF_SETS}
        if loss == "adversarial":
            self.critic = Critic()

    def bind(self, form: Form) -> None:
        shape = part_of(form, MAIN, WHO)
        if shape is None or len(shape) != 3 or shape[0] != 3:
            kind = "bytes" if shape is None else f"the shape {list(shape)}"
            raise InputError(f"reconstruct: what is received is {kind}, expected pictures [3,H,W]; use a codec that "
                             "decodes to pictures")
        if "ms_ssim" in self.metrics and any(ANY != side < MS_SSIM_SIDE for side in shape[1:]):
            raise InputError(f"reconstruct: the pictures are {shape[2]} x {shape[1]} px and ms_ssim needs at least "
                             f"{MS_SSIM_SIDE}; leave it out of metrics")
        for weights in {_WEIGHTS[name]: None for name in self.metrics if name in _WEIGHTS}:
            weights_and_reader(weights)

    def forward(self, received: Mapping[str, Any], state: State) -> Tensor:
        pictures: Tensor = part_of(received, MAIN, WHO)
        return pictures

    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        sent = batch.pixels
        error = (prediction - sent).square().flatten(1).mean(dim=1)
        if self.criterion == "mse":
            return error.mean()
        total = (error + LOG_FLOOR).log().mean()
        if self.criterion == "log_mse":
            return total
        total = total + self.perceptual * st_lpips_loss(prediction, sent)
        if self.criterion == "perceptual" or not self.training:
            return total
        fooled, own = self.critic.losses(prediction, sent)
        return total + self.adversarial * fooled + own

    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        sent, received = batch.pixels, self.shown(prediction, batch)
        columns: dict[str, Tensor] = {}
        for measure in self.measures:
            name = measure.name
            if name in OF_SETS:
                # Half precision is 0.05 % of a feature, and half the size of the results file.
                columns[f"{name}_sent"] = self._sent[name](sent).half()
                columns[f"{name}_received"] = OF_SETS[name](received).half()
            elif name == "clip_score":
                columns[name] = clip_score(received, batch.column("caption", "clip_score (clip_similarity needs none)"))
            else:
                columns[name] = OF_PAIRS[name](received, sent)
        return columns

    def summarise(self, runs: Sequence[Run]) -> dict[str, Estimate]:
        return {measure.name: _figure(measure.name, runs) for measure in self.measures}

    def shown(self, prediction: Tensor, batch: Batch) -> Tensor:
        return prediction.clamp(0, 1)


def _figure(name: str, runs: Sequence[Run]) -> Estimate:
    if name in OF_SETS:
        return frechet.estimate([(run[f"{name}_received"], run[f"{name}_sent"]) for run in runs])
    return mean(np.stack([run[name] for run in runs]).astype(np.float64))
