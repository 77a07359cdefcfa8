"""The networks of the joint source-channel codec: a linear transform and what convolutions add to it.

Both ends start as analog transmission of the 8 x 8 DCT (as SoftCast: Jakubczak and Katabi, MobiCom 2011), and
learn what a linear code can't do. Their blocks are modulated by what the end knows of the channel and by the
picture's own mean features, as in ADJSCC (Xu et al., IEEE TCSVT 2022).
"""

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.blocks import KNOWN, PATCH, SMALL, Stage, dct_basis, known_from

CHANNELS = 64
"""Real values a patch of 8 x 8 pixels: 32 channel uses, a bandwidth ratio of 1/6."""
FINE, COARSE, LAST = 96, 192, 32


class Encoder(nn.Module):
    """Pictures [B,3,H,W] in [0,1], H and W multiples of 8, and facts [B,1] -> [B,64,H/8,W/8]."""

    def __init__(self) -> None:
        super().__init__()
        self.known = known_from(1)
        self.linear = nn.Conv2d(3, CHANNELS, PATCH, PATCH)
        self.gain = nn.Linear(KNOWN, CHANNELS)
        self.head = nn.Conv2d(48, FINE, 3, padding=1)
        self.fine = Stage(FINE, 1)
        self.down = nn.Conv2d(FINE, COARSE, 3, stride=2, padding=1)
        self.coarse = Stage(COARSE, 2)
        self.out = nn.Conv2d(COARSE, CHANNELS, 3, padding=1)
        with torch.no_grad():
            basis, spread = dct_basis()
            # Amplitudes after the square root of the spread: the power shares of a linear code at high SNR.
            self.linear.weight.copy_((basis / spread.sqrt()[:, None])[:CHANNELS].view_as(self.linear.weight))
            self.out.weight.mul_(SMALL)

    def forward(self, pictures: Tensor, facts: Tensor) -> Tensor:
        x = (pictures - 0.5).contiguous(memory_format=torch.channels_last)
        known = self.known(facts)
        h = self.fine(self.head(F.pixel_unshuffle(x, 4)), known)
        h = self.out(self.coarse(self.down(h), known))
        return self.linear(x) * self.gain(known).exp()[:, :, None, None] + h


class Decoder(nn.Module):
    """Received values [B,64,h,w], their quality [B,32,h,w] in [0,1] and facts [B,3] -> what pictures [B,3,8h,8w]
    differ by from mid-grey, up to the level of the values."""

    def __init__(self) -> None:
        super().__init__()
        self.known = known_from(3)
        self.linear = nn.ConvTranspose2d(CHANNELS, 3, PATCH, PATCH)
        self.gain = nn.Linear(KNOWN, CHANNELS)
        self.head = nn.Conv2d(CHANNELS + CHANNELS // 2, COARSE, 3, padding=1)
        self.coarse = Stage(COARSE, 3)
        self.up = nn.Conv2d(COARSE, 4 * FINE, 1)
        self.fine = Stage(FINE, 2)
        self.up_last = nn.Conv2d(FINE, 4 * LAST, 1)
        self.last = Stage(LAST, 1)
        self.out = nn.Conv2d(LAST, 12, 3, padding=1)
        with torch.no_grad():
            basis, spread = dct_basis()
            weight = basis * spread.sqrt()[:, None]
            self.linear.weight.copy_(weight[:CHANNELS].view_as(self.linear.weight))
            self.out.weight.mul_(SMALL)

    def forward(self, values: Tensor, quality: Tensor, facts: Tensor) -> Tensor:
        known = self.known(facts)
        values = values.contiguous(memory_format=torch.channels_last)
        h = self.coarse(self.head(torch.cat([values, quality - 0.5], dim=1)), known)
        h = self.fine(F.pixel_shuffle(self.up(h), 2), known)
        h = self.out(self.last(F.pixel_shuffle(self.up_last(h), 2), known))
        return self.linear(values * self.gain(known).exp()[:, :, None, None]) + F.pixel_shuffle(h, 2)
