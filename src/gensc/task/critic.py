"""The critic of adversarial training: tells sent pictures from received ones, a patch at a time."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.utils.parametrizations import spectral_norm

WIDTH = 48


class Critic(nn.Module):
    """Pictures [B,3,H,W] in [0,1] -> how real each patch of about 40 px looks, [B,1,H/8,W/8].

    A patch discriminator (Isola, Zhu, Zhou and Efros, CVPR 2017) with spectral norms (Miyato et al., ICLR 2018).
    """

    def __init__(self) -> None:
        super().__init__()
        self.net = nn.Sequential(
            _down(3, WIDTH), _down(WIDTH, 2 * WIDTH), _down(2 * WIDTH, 4 * WIDTH),
            spectral_norm(nn.Conv2d(4 * WIDTH, 1, 3, padding=1)))

    def forward(self, pictures: Tensor) -> Tensor:
        scores: Tensor = self.net((2 * pictures - 1).contiguous(memory_format=torch.channels_last))
        return scores

    def losses(self, received: Tensor, sent: Tensor) -> tuple[Tensor, Tensor]:
        """The receiver's loss and the critic's own (non-saturating: Goodfellow et al., NeurIPS 2014): each has
        a gradient in its own side only, so that one optimiser and one backward pass over their sum train both."""
        fixed = {name: value.detach() for name, value in self.named_parameters()}
        fooled = F.softplus(-functional_call(self, fixed, (received,))).mean()
        own = F.softplus(-self(sent)).mean() + F.softplus(self(received.detach())).mean()
        return fooled, own


def _down(inputs: int, outputs: int) -> nn.Module:
    return nn.Sequential(spectral_norm(nn.Conv2d(inputs, outputs, 4, 2, 1)), nn.LeakyReLU(0.2))
