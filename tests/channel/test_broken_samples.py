"""The contract checks catch the mistakes of channels that work on the samples of a waveform."""

import pytest
import torch

from gensc.channel import AWGN, Channel
from gensc.channel.base import faded
from gensc.errors import InputError
from gensc.signal import Signal
from gensc.testing import check_channel


class Samples(Channel):
    """AWGN with a mistake in what it does to samples."""

    def distort(self, signal, state):
        return signal if signal.rate_hz is None else Signal(self.wrong(signal.x, state), signal.n0, signal.h,
                                                            signal.rate_hz)

    def wrong(self, x, state):
        return x


class Louder(Samples):
    """0.2 dB too much power."""

    def wrong(self, x, state):
        return x * 10 ** (0.2 / 20)


class Longer(Samples):
    def wrong(self, x, state):
        return torch.nn.functional.pad(x, (0, 3))


class TorchDraws(Samples):
    def wrong(self, x, state):
        return x * torch.polar(torch.ones(len(x), 1), torch.rand(len(x), 1))


class BatchScaled(Samples):
    """Power set for the batch, not for the item."""

    def wrong(self, x, state):
        return x * (x[:, :1].abs() + x.real.mean())


class Nan(Samples):
    def wrong(self, x, state):
        return x / (x - x[:, :1])


class ForgetsRate(AWGN):
    def forward(self, signal, state):
        out = super().forward(signal, state)
        return Signal(out.x, out.n0, out.h)


class NoisierSamples(AWGN):
    """Noise of the symbol rate on samples of another."""

    def forward(self, signal, state):
        out = super().forward(signal, state)
        return out if signal.rate_hz is None else Signal(2 * out.x - signal.x, out.n0, out.h, out.rate_hz)


class Leaks(Channel):
    """Noise that knows the symbols: they arrive even with the signal off."""

    transparent = False

    def distort(self, signal, state):
        from gensc.testing.channels import _qpsk

        sent = _qpsk(list(state.rng.items), signal.x.shape[1])
        return Signal(signal.x + 0.1 * sent, signal.n0, signal.h, signal.rate_hz)


class OneToneStrong(Channel):
    """Claims a cycle of tones over which its gain averages to 1, and is 0.2 dB off."""

    cycle = 4
    block_fading = False

    def distort(self, signal, state):
        tilt = torch.tensor([0.5, 1.5, 0.8, 1.2])[torch.arange(signal.x.shape[1]) % 4].sqrt() * 10 ** (0.2 / 20)
        return faded(signal, tilt.to(torch.complex64).expand(signal.x.shape))


class Refuses(AWGN):
    """Takes no samples, and says so: that is allowed."""

    def distort(self, signal, state):
        if signal.rate_hz is not None:
            raise InputError("this channel takes symbols: leave rate_hz out")
        return signal


CASES = {
    Louder: "mean power", Longer: "shape", TorchDraws: "global generator", BatchScaled: "alone and in a batch",
    Nan: "finite", ForgetsRate: "rate_hz is kept", NoisierSamples: "N0 is", Leaks: "signal off",
    OneToneStrong: r"E\|h\|\^2",
}


@pytest.mark.parametrize(("broken", "law"), CASES.items(), ids=lambda case: getattr(case, "__name__", ""))
def test_the_mistake_is_caught_and_named(broken, law):
    with pytest.raises(AssertionError, match=law):
        check_channel(broken)


@pytest.mark.parametrize("right", [Samples, Refuses])
def test_a_channel_without_a_mistake_passes(right):
    check_channel(right)
