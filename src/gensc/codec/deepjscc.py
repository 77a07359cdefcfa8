"""The first deep joint source-channel code, as the reference point."""

import math

from torch import Tensor, nn

from gensc.batch import Batch
from gensc.codec.base import Received
from gensc.codec.blocks import padded
from gensc.codec.symbolic import Symbolic, picture_sides
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import ANY, MAIN, Delivery, Parts, State, part_of, soft_of

STRIDE, WIDTH, KERNEL = 4, 32, 5


@register("codec", "deepjscc")
class DeepJscc(Symbolic):
    """Pictures [B,3,H,W] in [0,1] as values [B,n], each pair of neighbours one channel symbol, by five convolutions,
    and back by five transposed ones (Bourtsoulatze, Kurka and Gunduz, IEEE Trans. Cognitive Communications and
    Networking 5(3), 2019, figure 2, with stride 2 in two layers).

    One bandwidth ratio ``cbr`` a set of weights, and neither end is told the SNR: train it where it is used. Sides
    that are no multiples of 4 are padded by their edge.
    """

    who = "codec 'deepjscc'"
    informed = False
    head = 0

    def __init__(self, cbr: float = 1 / 6) -> None:
        super().__init__()
        channels = round(6 * cbr * STRIDE**2) if math.isfinite(cbr) else 0
        if not 1 <= channels <= 6 * STRIDE**2:
            raise InputError(f"{self.who}: cbr is {cbr:g}; expected 1/96 to 1 (half a symbol a 4 x 4 patch, or "
                             "more)")
        self.channels = channels
        self.form = {MAIN: (ANY,)}
        self.encoder = nn.Sequential(
            _down(3, 16, 2), _down(16, WIDTH, 2), _down(WIDTH, WIDTH, 1), _down(WIDTH, WIDTH, 1),
            nn.Conv2d(WIDTH, channels, KERNEL, padding=2))
        self.decoder = nn.Sequential(
            _up(channels, WIDTH, 1), _up(WIDTH, WIDTH, 1), _up(WIDTH, WIDTH, 1), _up(WIDTH, 16, 2),
            nn.ConvTranspose2d(16, 3, KERNEL, 2, 2, output_padding=1), nn.Sigmoid())

    def encode(self, batch: Batch, state: State) -> Parts:
        """Values [B,n] of pictures [B,3,H,W]."""
        values: Tensor = self.encoder(padded(batch.pixels, STRIDE))
        return {MAIN: values.flatten(1)}

    def decode(self, delivery: Delivery, state: State) -> Received:
        """Pictures from values and their qualities: estimates that an equaliser has shrunk are brought back."""
        soft = soft_of(part_of(delivery.parts, MAIN, self.who), state, self.who)
        height, width = picture_sides(state, self.who)
        pictures: Tensor = self.decoder(self.lay(soft.value / soft.quality.clamp_min(1e-3), height, width))
        return {MAIN: pictures[..., :height, :width]}

    def lay(self, row: Tensor, height: int, width: int) -> Tensor:
        """Delivered values [B,n] where they belong in a picture of these sides, [B,C,h,w]."""
        return row.view(len(row), self.channels, -(-height // STRIDE), -(-width // STRIDE))

    def unlay(self, grid: Tensor, count: int) -> Tensor:
        """The first ``count`` values, as they are sent, of [B,C,h,w]: what ``lay`` undoes."""
        return grid.flatten(1)[:, :count]


def _down(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, KERNEL, stride, KERNEL // 2), nn.PReLU())


def _up(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, KERNEL, stride, KERNEL // 2,
                                            output_padding=stride - 1), nn.PReLU())
