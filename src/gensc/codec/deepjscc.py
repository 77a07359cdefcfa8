"""The first deep joint source-channel code, as the reference point."""

import torch.nn.functional as F
from torch import Tensor, nn

from gensc.codec.base import Codec
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Payload, Received, State

STRIDE, WIDTH, KERNEL = 4, 32, 5


@register("codec", "deepjscc")
class DeepJscc(Codec):
    """Pictures [B,3,H,W] in [0,1] as values [B,n], each pair of neighbours one channel symbol, by five convolutions,
    and back by five transposed ones (Bourtsoulatze, Kurka and Gunduz, IEEE Trans. Cognitive Communications and
    Networking 5(3), 2019, figure 2, with stride 2 in two layers).

    One bandwidth ratio ``cbr`` a set of weights, and neither end is told the SNR: train it where it is used.
    ``size``: the side of the pictures in px; sides that are no multiples of 4 are padded by their edge.
    """

    informed = False
    head = 0

    def __init__(self, cbr: float = 1 / 6, size: int = 224) -> None:
        super().__init__()
        self.size, self.grid = size, -(-size // STRIDE)
        channels = round(6 * cbr * STRIDE**2) if cbr == cbr else 0
        if not 1 <= channels <= 6 * STRIDE**2:
            raise InputError(f"codec 'deepjscc': cbr is {cbr:g}; expected 1/96 to 1 (half a symbol a 4 x 4 patch, or "
                             "more)")
        self.channels = channels
        self.shape = (channels * self.grid**2,)
        self.encoder = nn.Sequential(
            _down(3, 16, 2), _down(16, WIDTH, 2), _down(WIDTH, WIDTH, 1), _down(WIDTH, WIDTH, 1),
            nn.Conv2d(WIDTH, channels, KERNEL, padding=2))
        self.decoder = nn.Sequential(
            _up(channels, WIDTH, 1), _up(WIDTH, WIDTH, 1), _up(WIDTH, WIDTH, 1), _up(WIDTH, 16, 2),
            nn.ConvTranspose2d(16, 3, KERNEL, 2, 2, output_padding=1), nn.Sigmoid())

    def received_shape(self, delivered: tuple[int, ...] | None) -> tuple[int, ...]:
        if delivered is None:
            raise InputError("codec 'deepjscc' sends symbols, not bytes: use transport symbols")
        return 3, self.size, self.size

    def rest(self, front: Tensor, state: State | None = None) -> Payload:
        """Values [B,n] of pictures [B,3,S,S]."""
        missing = -self.size % STRIDE
        values: Tensor = self.encoder(F.pad(front, (0, missing, 0, missing), mode="replicate"))
        return values.flatten(1)

    def decode(self, payload: Received, state: State) -> Tensor:
        """Pictures from [B,2,n] (transport symbols: estimates that are shrunk by their quality) or [B,n]."""
        if not isinstance(payload, Tensor):
            raise InputError("codec 'deepjscc' got bytes where it sends symbols: use transport symbols")
        values = payload if payload.dim() == 2 else payload[:, 0] / payload[:, 1].clamp_min(1e-3)
        pictures: Tensor = self.decoder(self.lay(values))
        return pictures[..., :self.size, :self.size]

    def lay(self, row: Tensor) -> Tensor:
        """Delivered values [B,n] where they belong, [B,C,h,w]."""
        return row.view(len(row), self.channels, self.grid, self.grid)

    def unlay(self, grid: Tensor, count: int) -> Tensor:
        """The first ``count`` values, as they are sent, of [B,C,h,w]: what ``lay`` undoes."""
        return grid.flatten(1)[:, :count]


def _down(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.Conv2d(inputs, outputs, KERNEL, stride, KERNEL // 2), nn.PReLU())


def _up(inputs: int, outputs: int, stride: int) -> nn.Module:
    return nn.Sequential(nn.ConvTranspose2d(inputs, outputs, KERNEL, stride, KERNEL // 2,
                                            output_padding=stride - 1), nn.PReLU())
