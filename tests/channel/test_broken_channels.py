"""The contract checks catch each mistake that channel code is known for."""

import pytest
import torch

from gensc.channel import AWGN, Channel
from gensc.channel.base import faded
from gensc.signal import Signal
from gensc.testing import check_channel


class Noisy(Channel):
    """AWGN with a mistake: ``noise`` gives what is added for CN(0,1) draws z."""

    def distort(self, signal, state):
        return signal

    def noise(self, z, x, h, state):
        return z * state.n0.sqrt()[:, None]

    def forward(self, signal, state):
        out = self.distort(signal, state)
        h = torch.ones_like(out.x) if out.h is None else out.h
        z = state.child("noise").rng.complex_normal(out.x.shape[1])
        return Signal(out.x + self.noise(z, out.x, h, state), state.n0, h, out.rate_hz)


class TwoTenths(Noisy):
    def noise(self, z, x, h, state):
        return super().noise(z, x, h, state) * 10 ** (0.2 / 20)


class TwoTenthsQuiet(Noisy):
    def noise(self, z, x, h, state):
        return super().noise(z, x, h, state) / 10 ** (0.2 / 20)


class PerDimension(Noisy):
    """N0 in each real dimension: the 3 dB mistake."""

    def noise(self, z, x, h, state):
        return super().noise(z, x, h, state) * 2**0.5


class RealOnly(Noisy):
    def noise(self, z, x, h, state):
        return super().noise(z, x, h, state).real * 2**0.5


class Amplitude(Noisy):
    """10^(-snr/20) taken for a power, and the other way round."""

    def noise(self, z, x, h, state):
        return z * state.n0[:, None] ** 0.25


class BatchSnr(Noisy):
    """One SNR for the whole batch."""

    def noise(self, z, x, h, state):
        return z * state.n0.mean().sqrt()


class BatchNoise(Noisy):
    """Every item gets the first one's noise."""

    def noise(self, z, x, h, state):
        return super().noise(z[:1].expand_as(z), x, h, state)


class BlockNoise(Noisy):
    """One draw for all uses."""

    def noise(self, z, x, h, state):
        return super().noise(z[:, :1].expand_as(z), x, h, state)


class TorchNoise(Noisy):
    def noise(self, z, x, h, state):
        return super().noise(torch.randn_like(z), x, h, state)


class FollowsPower(Noisy):
    """Noise scaled by what was received."""

    def noise(self, z, x, h, state):
        return super().noise(z, x, h, state) * x.abs().square().mean(dim=1, keepdim=True).sqrt()


class FollowsFading(Noisy):
    def distort(self, signal, state):
        return faded(signal, state.child("fading").rng.complex_normal(1))

    def noise(self, z, x, h, state):
        return super().noise(z, x, h, state) * h.abs()


class Gain(Channel):
    """Rayleigh whose mean power gain is 0.2 dB too high."""

    def distort(self, signal, state):
        return faded(signal, state.child("fading").rng.complex_normal(1) * 10 ** (0.2 / 20))


class Drifting(Channel):
    """Says block fading, fades symbol by symbol."""

    block_fading = True

    def distort(self, signal, state):
        return faded(signal, state.child("fading").rng.complex_normal(signal.x.shape[1]))


class HidesGain(Channel):
    def distort(self, signal, state):
        gain = state.child("fading").rng.complex_normal(1)
        return Signal(signal.x * gain, signal.n0, signal.h, signal.rate_hz)


class GainFollowsSignal(Channel):
    """A fade that is drawn anew for other symbols: no probe could tell the transmitter what it will meet."""

    def distort(self, signal, state):
        louder = (signal.x.real[:, 0] > 0.5).float()
        drawn = state.child("fading").rng.complex_normal(2)
        return faded(signal, torch.where(louder > 0, drawn[:, 0], drawn[:, 1])[:, None])


class NoiseFollowsSignal(Noisy):
    """Noise whose first draw is skipped where the first symbol lies on the right."""

    def noise(self, z, x, h, state):
        right = (x.real[:, :1] > 0).expand_as(z)
        return super().noise(torch.where(right, z.roll(1, dims=1), z), x, h, state)


class InPlace(AWGN):
    def distort(self, signal, state):
        signal.x.mul_(1j)
        return signal


class Detached(AWGN):
    def distort(self, signal, state):
        return Signal(signal.x.detach(), signal.n0, signal.h, signal.rate_hz)


class Unused(AWGN):
    """A parameter that nothing is computed from."""

    def __init__(self):
        super().__init__()
        self.offset = torch.nn.Parameter(torch.zeros(1))


CASES = {
    TwoTenths: "N0 is", TwoTenthsQuiet: "N0 is", PerDimension: "N0 is", RealOnly: "circular", Amplitude: "N0 is",
    BatchSnr: "alone and in a batch", BatchNoise: "alone and in a batch", BlockNoise: "N0 is",
    TorchNoise: "global generator", FollowsPower: "nominal power", FollowsFading: "N0 is",
    Gain: r"E\|h\|\^2", Drifting: "block_fading", HidesGain: "y = h x",
    GainFollowsSignal: "never depend on the signal: the gain",
    NoiseFollowsSignal: "never depend on the signal: the noise",
    InPlace: "does not change",
    Detached: "gradient", Unused: "parameter offset",
}


@pytest.mark.parametrize(("broken", "law"), CASES.items(), ids=lambda case: getattr(case, "__name__", ""))
def test_the_mistake_is_caught_and_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_channel(broken)


def test_the_same_channel_without_a_mistake_passes():
    check_channel(Noisy)
