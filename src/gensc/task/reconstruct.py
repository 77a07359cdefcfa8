"""Show the picture that was sent."""

from typing import Literal

import numpy as np
import torch.nn.functional as F
from torch import Tensor

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.metric import Estimate
from gensc.metric.estimate import mean
from gensc.metric.image import MS_SSIM_SIDE, ms_ssim, psnr, ssim
from gensc.metric.perceptual import st_lpips
from gensc.registry import register
from gensc.signal import State
from gensc.task.base import Task

Metric = Literal["psnr", "ssim", "ms_ssim", "st_lpips"]
METRICS = {"psnr": psnr, "ssim": ssim, "ms_ssim": ms_ssim, "st_lpips": st_lpips}


@register("task", "reconstruct")
class Reconstruct(Task):
    """The received picture [B,3,H,W] as it is; mean squared error to the one that was sent.

    ``metrics`` are the figures that are kept of each item, "psnr" among them: "psnr" (dB at data range 1, at
    most 100 dB), "ssim", "ms_ssim" (sides of at least 176 px) and "st_lpips" (by far the slowest). Each is the
    mean over the items of the item's own figure.
    """

    headline = "psnr"

    def __init__(self, metrics: tuple[Metric, ...] = ("psnr", "ssim")) -> None:
        super().__init__()
        if "psnr" not in metrics or len(set(metrics)) < len(metrics):
            raise InputError(f"reconstruct: metrics are {list(metrics)}; expected each once, \"psnr\" among them")
        self.metrics = metrics

    def bind(self, shape: tuple[int, ...]) -> None:
        if len(shape) != 3 or shape[0] != 3:
            raise InputError(f"reconstruct: what is received has the shape {list(shape)}, expected pictures [3,H,W]; "
                             "use a codec that decodes to pictures")
        if "ms_ssim" in self.metrics and min(shape[1:]) < MS_SSIM_SIDE:
            raise InputError(f"reconstruct: the pictures are {shape[2]} x {shape[1]} px and ms_ssim needs at least "
                             f"{MS_SSIM_SIDE}; leave it out of metrics")

    def forward(self, received: Tensor, state: State) -> Tensor:
        return received

    def loss(self, prediction: Tensor, batch: Batch) -> Tensor:
        return F.mse_loss(prediction, batch.x)

    def score(self, prediction: Tensor, batch: Batch) -> dict[str, Tensor]:
        return {name: METRICS[name](prediction, batch.x) for name in self.metrics}

    def summarise(self, runs: list[dict[str, np.ndarray]]) -> dict[str, Estimate]:
        return {name: mean(np.stack([run[name] for run in runs]).astype(np.float64)) for name in self.metrics}
