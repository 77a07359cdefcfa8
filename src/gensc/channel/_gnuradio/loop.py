"""Bursts of samples through GNU Radio's channel model."""

import contextlib
import math
import time
from dataclasses import asdict, dataclass, replace
from types import TracebackType

import numpy as np
import zmq
from scipy import fft

from gensc.channel._gnuradio.process import FlowgraphProcess
from gensc.errors import InputError

STALLED_S = 20.0
POLL_MS = 100
CHUNK = 65_536
LONGEST = 1 << 24
# channel_model's interpolator reads 8 samples around each place; its output starts 3 samples into its input.
LEAD, TAIL = 3, 64
RINGING = 256
SEEDS = 1 << 53


@dataclass(frozen=True)
class ChannelModel:
    """The settings of GNU Radio's channels.channel_model, in its units.

    ``noise_voltage``: the standard deviation of a complex noise sample, so its power is noise_voltage^2
    (measured); the generator draws from 16,384 complex values that ``seed`` fixes, so the power
    of one seed is within 3 % of it. ``frequency_offset`` in cycles per sample. ``epsilon``: the receiver takes
    its samples every ``epsilon`` periods of the transmitter. ``taps`` of a filter, one a sample.
    """

    noise_voltage: float = 0.0
    frequency_offset: float = 0.0
    epsilon: float = 1.0
    taps: tuple[complex, ...] = (1.0,)
    seed: int = 1

    def __post_init__(self) -> None:
        if not (math.isfinite(self.noise_voltage) and self.noise_voltage >= 0):
            raise InputError(f"noise_voltage is {self.noise_voltage}: expected a standard deviation, 0 or above")
        if not abs(self.frequency_offset) <= 0.5:
            raise InputError(f"frequency_offset is {self.frequency_offset} cycles per sample: expected -0.5 to 0.5")
        if not 0.9 <= self.epsilon <= 1.1:
            raise InputError(f"epsilon is {self.epsilon}: expected a ratio of sampling periods from 0.9 to 1.1, "
                             "e.g. 1.00002 for 20 ppm")
        if not self.taps or not np.isfinite(self.taps).all():
            raise InputError(f"taps are {self.taps}: expected one or more finite numbers")
        if not 0 < self.seed < SEEDS:
            raise InputError(f"seed is {self.seed}: expected a whole number from 1 to {SEEDS - 1}")


class Loop:
    """GNU Radio's channel model behind two ZeroMQ sockets, in a process that lives as long as this object.

        with Loop() as loop:
            received = loop.send(samples, ChannelModel(noise_voltage=0.1, frequency_offset=0.001))

    ``python``: the interpreter that has GNU Radio; "" tries the system's python3 and those on PATH.
    Raises InputError where there is none. Not for two threads at once.
    """

    def __init__(self, python: str = "") -> None:
        self._process = FlowgraphProcess(python)

    def __enter__(self) -> "Loop":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """The number of GNU Radio's process."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether GNU Radio's process still runs."""
        return self._process.alive

    def close(self) -> None:
        """End GNU Radio's process."""
        self._process.end()

    def send(self, samples: np.ndarray, model: ChannelModel) -> np.ndarray:
        """Samples complex64 [N] through the model: complex64 [ceil(N / epsilon)], the first of them at the
        time of the first that was sent. The same samples and model give the same bits.

        With an ``epsilon`` GNU Radio runs at twice the sample rate, between filters of the samples' full band: its
        interpolator is made for the inner half of the band (measured: -48 dB of error there, -7 dB at 0.45).
        Raises InputError on what is no such array or holds nan or infinity; RunLost where the process dies or
        nothing moves for STALLED_S seconds (the process is ended then: make a new Loop).
        """
        x = _checked(samples)
        count = math.ceil(len(x) / model.epsilon)
        if model.epsilon == 1:
            return self._burst(x, model, count)
        taps = [0j] * (2 * len(model.taps) - 1)
        taps[::2] = model.taps
        # Twice the rate: half the turns a sample, and twice the noise power, of which the filter leaves half.
        faster = replace(model, noise_voltage=model.noise_voltage * 2**0.5, taps=tuple(taps),
                         frequency_offset=model.frequency_offset / 2)
        return _halved(self._burst(_doubled(x), faster, 2 * count))

    def _burst(self, x: np.ndarray, model: ChannelModel, count: int) -> np.ndarray:
        """``count`` samples out for ``x`` in, followed by silence."""
        out = np.empty(count, np.complex64)
        silence = math.ceil(count * model.epsilon) - len(x) + len(model.taps) + TAIL
        padded = np.concatenate([np.zeros(LEAD, np.complex64), x, np.zeros(max(0, silence), np.complex64)])
        settings = asdict(model) | {"taps": [(complex(tap).real, complex(tap).imag) for tap in model.taps]}
        try:
            with zmq.Context() as context, context.socket(zmq.PUSH) as source, context.socket(zmq.PULL) as sink:
                source.linger = sink.linger = 0
                port = source.bind_to_random_port("tcp://127.0.0.1")
                self._process.tell(settings | {"source": f"tcp://127.0.0.1:{port}", "samples": count})
                sink.connect(self._process.hear(STALLED_S)["sink"])
                self._exchange(source, sink, padded, out)
                self._process.tell({"stop": count})
                self._process.hear(STALLED_S)
        except BaseException:
            # Stopped in mid-burst (Ctrl-C, say), the other side would take the next burst for the rest of this one.
            self.close()
            raise
        return out

    def _exchange(self, source: "zmq.Socket[bytes]", sink: "zmq.Socket[bytes]", x: np.ndarray,
                  out: np.ndarray) -> None:
        """Write ``x`` and fill ``out``, whichever moves, until ``out`` is full."""
        sent = received = 0
        moved = time.monotonic()
        while received < len(out):
            ready = dict(_poller(source if sent < len(x) else None, sink).poll(POLL_MS))
            if source in ready:
                # The other side may die between the poll and this: then it would wait for ever.
                with contextlib.suppress(zmq.Again):
                    source.send(x[sent:sent + CHUNK].tobytes(), zmq.DONTWAIT)
                    sent += CHUNK
            if sink in ready:
                part = np.frombuffer(sink.recv(zmq.DONTWAIT), np.complex64)[:len(out) - received]
                out[received:received + len(part)] = part
                received += len(part)
            if ready:
                moved = time.monotonic()
            elif not self.alive:
                raise self._process.lost(f"died after {received} of {len(out)} samples")
            elif time.monotonic() - moved > STALLED_S:
                raise self._process.lost(f"gave {received} of {len(out)} samples, then nothing for {STALLED_S:g} s,")


def _poller(source: "zmq.Socket[bytes] | None", sink: "zmq.Socket[bytes]") -> zmq.Poller:
    poller = zmq.Poller()
    poller.register(sink, zmq.POLLIN)
    if source is not None:
        poller.register(source, zmq.POLLOUT)
    return poller


def _doubled(x: np.ndarray) -> np.ndarray:
    """complex64 [2 N] at twice the rate: the spectrum of x, and nothing beside it."""
    size = _fast(len(x))
    spectrum = np.zeros(2 * size, np.complex64)
    low = size // 2
    spectrum[:low], spectrum[low - size:] = np.split(fft.fft(x, size), [low])
    return 2 * fft.ifft(spectrum)[:2 * len(x)]


def _halved(x: np.ndarray) -> np.ndarray:
    """complex64 [N] at half the rate of [2 N]: the inner half of the band, unaliased."""
    size = _fast(len(x) // 2)
    low = size // 2
    spectrum = fft.fft(x, 2 * size)
    return fft.ifft(np.concatenate([spectrum[:low], spectrum[low - size:]]))[:len(x) // 2] / 2


def _fast(samples: int) -> int:
    """A length that transforms fast, with room for the filters' ringing."""
    return int(fft.next_fast_len(samples + RINGING))


def _checked(samples: np.ndarray) -> np.ndarray:
    x = np.asarray(samples)
    if x.ndim != 1 or not len(x) or not np.iscomplexobj(x):
        raise InputError(f"samples are {x.dtype} of shape {x.shape}: expected complex64 [N], one sample or more")
    if len(x) > LONGEST:
        raise InputError(f"{len(x)} samples are too many for one burst: send {LONGEST} or fewer at a time")
    bad = np.flatnonzero(~np.isfinite(x))
    if len(bad):
        raise InputError(f"{len(bad)} of {len(x)} samples are nan or infinite, the first at {bad[0]}: "
                         "send finite samples")
    return x.astype(np.complex64, copy=False)
