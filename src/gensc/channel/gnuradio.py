"""GNU Radio's channel model as a channel: its noise, its offsets, its process."""

import math
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from gensc.channel._gnuradio import ChannelModel, Loop
from gensc.channel._gnuradio.loop import SEEDS
from gensc.channel.base import Channel
from gensc.channel.multipath import checked_rate
from gensc.errors import InputError
from gensc.registry import register
from gensc.signal import Signal, State


@register("channel", "gnuradio")
class GnuRadio(Channel):
    """Samples through GNU Radio's channels.channel_model in a process of its own; the noise is GNU Radio's too.

    ``carrier_offset_hz``: y turns by 2 pi f t from phase 0. ``timing_ppm``: the receiver's sampling clock is slow by
    so much, y(t) = x((1 + 1e-6 ppm) t), silence behind the last sample. The receiver is not told of either (h is as
    it came). Noise of N0 = noise_voltage^2 per sample, within 3 % an item, as its generator repeats 16,384 values.
    Symbols (``rate_hz`` None) pass one a sample and have no rate, so both offsets must be 0 for them.

    One process serves the object from its first use on; a batch is sent item by item. ``python``: the interpreter
    that has GNU Radio, "" for the system's. No gradient comes back: train over another channel.
    Raises InputError where GNU Radio is not installed; RunLost where its process dies (the next use starts another).
    """

    needs: ClassVar[str] = "gnuradio"

    def __init__(self, carrier_offset_hz: float = 0.0, timing_ppm: float = 0.0, python: str = "") -> None:
        super().__init__()
        if not math.isfinite(carrier_offset_hz):
            raise InputError(f"gnuradio: carrier_offset_hz is {carrier_offset_hz}; expected a number of Hz, e.g. 50e3")
        if not abs(timing_ppm) <= 1000:
            raise InputError(f"gnuradio: timing_ppm is {timing_ppm}; expected parts per million between -1000 and "
                             "1000, e.g. 20")
        self.carrier_offset_hz, self.timing_ppm, self.python = carrier_offset_hz, timing_ppm, python
        self._loop: Loop | None = None

    def distort(self, signal: Signal, state: State) -> Signal:
        silent = torch.zeros(len(signal.x))
        return self._sent(signal, silent, [1] * len(signal.x))

    def forward(self, signal: Signal, state: State) -> Signal:
        seeds = [int(one.integers(1, SEEDS)) for one in state.child("noise").rng.generators()]
        return self._sent(signal, state.n0, seeds)

    def _sent(self, signal: Signal, n0: Tensor, seeds: list[int]) -> Signal:
        if torch.is_grad_enabled() and signal.x.requires_grad:
            raise InputError("gnuradio: no gradient comes back through GNU Radio; train over a channel such as awgn "
                             "and evaluate over this one, under torch.no_grad()")
        x = signal.x.detach().cpu().numpy()
        models = [self._model(signal.rate_hz, float(power), seed) for power, seed in zip(n0, seeds, strict=True)]
        if self._loop is None or not self._loop.alive:
            self._loop = Loop(self.python)
        y = np.stack([_through(self._loop, item, model) for item, model in zip(x, models, strict=True)])
        h = torch.ones_like(signal.x) if signal.h is None else signal.h
        return Signal(torch.from_numpy(y).to(signal.x.device), n0.to(signal.x.device), h, signal.rate_hz)

    def _model(self, rate_hz: float | None, n0: float, seed: int) -> ChannelModel:
        if rate_hz is None:
            if self.carrier_offset_hz or self.timing_ppm:
                raise InputError("gnuradio: symbols have no sample rate, so carrier_offset_hz and timing_ppm must be 0 "
                                 "for them; send a waveform (such as Wi-Fi 7 frames), or use the channels "
                                 "carrier_offset and sampling_offset")
            return ChannelModel(math.sqrt(n0), seed=seed)
        turns = self.carrier_offset_hz / checked_rate(rate_hz)
        if abs(turns) > 0.5:
            raise InputError(f"gnuradio: carrier_offset_hz is {self.carrier_offset_hz:g} at {rate_hz:g} samples per "
                             "second; expected at most half the sample rate")
        return ChannelModel(math.sqrt(n0), turns, 1 + 1e-6 * self.timing_ppm, seed=seed)

    def __getstate__(self) -> dict[str, Any]:
        """A copy, or a pickle for a worker, starts a process of its own."""
        return self.__dict__ | {"_loop": None}


def _through(loop: Loop, x: np.ndarray, model: ChannelModel) -> np.ndarray:
    """As many samples out as in: a slow receiver hears silence behind the last."""
    behind = math.ceil(len(x) * model.epsilon) - len(x)
    return loop.send(np.pad(x, (0, max(0, behind))), model)[:len(x)]
