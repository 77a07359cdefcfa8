"""A software radio by name, through SoapySDR: samples out, samples in.

Tested against a stand-in with SoapySDR's call surface; no hardware has been on the other end.
"""

import importlib
from collections.abc import Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any

import numpy as np

from gensc.errors import InputError, RunLost

FULL_SCALE = 0.9
TIMEOUT_US = 1_000_000
SILENT_READS = 5
CHUNK = 1 << 16


@dataclass(frozen=True)
class Tuning:
    """Samples per second, centre frequency, and gain in dB (None: what the driver starts with)."""

    sample_rate_hz: float
    centre_hz: float
    gain_db: float | None = None


class Device:
    """A device opened for one channel of one direction at a time; a context manager.

    ``name``: a driver such as "hackrf", or SoapySDR's arguments such as "driver=rtlsdr,serial=7".
    Raises InputError where SoapySDR is not installed or finds no such device, RunLost where a stream fails.
    """

    def __init__(self, name: str, tuning: Tuning, channel: int = 0) -> None:
        self._soapy, self._tuning, self._channel = soapy(), tuning, channel
        arguments = name if "=" in name else f"driver={name}"
        try:
            self._device = self._soapy.Device(arguments)
        except RuntimeError as error:
            found = ", ".join(described(one) for one in devices()) or "none"
            raise InputError(f"there is no radio {name!r} ({error}); found: {found}. Plug it in, install its "
                             "SoapySDR module (soapysdr-module-all) or name another") from error

    def __enter__(self) -> "Device":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the device."""
        self._device = None

    def transmit(self, samples: np.ndarray) -> None:
        """Send complex64 [N] as one burst, scaled so that its largest real or imaginary part is FULL_SCALE."""
        peak = float(np.abs(samples.view(np.float32)).max()) if len(samples) else 0.0
        if not 0 < peak < float("inf"):
            raise InputError(f"{len(samples)} samples with a peak of {peak}: expected finite samples, not all zero")
        stream = self._stream(self._soapy.SOAPY_SDR_TX)
        try:
            sent = 0
            while sent < len(samples):
                part = (samples[sent:sent + CHUNK] * (FULL_SCALE / peak)).astype(np.complex64)
                last = self._soapy.SOAPY_SDR_END_BURST if sent + len(part) == len(samples) else 0
                result = self._device.writeStream(stream, [part], len(part), last, timeoutUs=TIMEOUT_US)
                sent += self._moved(result.ret, "take", sent)
        finally:
            self._stop(stream)

    def listen(self, count: int, chunk: int = CHUNK) -> Iterator[np.ndarray]:
        """The next ``count`` samples in parts, complex64 [up to chunk], as the device scales them."""
        stream = self._stream(self._soapy.SOAPY_SDR_RX)
        try:
            read = silent = 0
            while read < count:
                part = np.empty(min(chunk, count - read), np.complex64)
                result = self._device.readStream(stream, [part], len(part), timeoutUs=TIMEOUT_US)
                if result.ret == self._soapy.SOAPY_SDR_TIMEOUT and silent < SILENT_READS:
                    silent += 1
                    continue
                silent = 0
                moved = self._moved(result.ret, "give", read)
                read += moved
                yield part[:moved]
        finally:
            self._stop(stream)

    def receive(self, count: int) -> np.ndarray:
        """The next ``count`` samples, complex64 [count]."""
        if count < 1:
            raise InputError(f"count is {count}: expected one sample or more")
        return np.concatenate(list(self.listen(count)))

    def _stream(self, direction: int) -> Any:
        device, tuning = self._device, self._tuning
        device.setSampleRate(direction, self._channel, tuning.sample_rate_hz)
        device.setFrequency(direction, self._channel, tuning.centre_hz)
        if tuning.gain_db is not None:
            device.setGain(direction, self._channel, tuning.gain_db)
        real = device.getSampleRate(direction, self._channel)
        if abs(real / tuning.sample_rate_hz - 1) > 1e-4:
            raise InputError(f"the radio samples at {real:g} Hz, not at {tuning.sample_rate_hz:g}: choose a rate "
                             "that it has")
        stream = device.setupStream(direction, self._soapy.SOAPY_SDR_CF32, [self._channel])
        device.activateStream(stream)
        return stream

    def _stop(self, stream: Any) -> None:
        self._device.deactivateStream(stream)
        self._device.closeStream(stream)

    def _moved(self, result: int, what: str, done: int) -> int:
        if result <= 0:
            raise RunLost(f"the radio would not {what} samples after the first {done} "
                          f"({self._soapy.errToStr(result)}): lower the sample rate, or plug it in anew")
        return result


def devices() -> list[dict[str, str]]:
    """What SoapySDR finds, as its arguments. Raises InputError where it is not installed."""
    return [dict(one) for one in soapy().Device.enumerate()]


def described(arguments: dict[str, str]) -> str:
    """A device as one would name it: driver=..., and its label."""
    return f"driver={arguments.get('driver', '?')} ({arguments.get('label', 'no label')})"


def soapy() -> Any:
    """The module SoapySDR, or InputError with what to install."""
    try:
        return importlib.import_module("SoapySDR")
    except ImportError as error:
        raise InputError(f"SoapySDR can't be imported ({error}): install it with `sudo apt install python3-soapysdr "
                         "soapysdr-module-all` and run gensc under the system's Python (or a virtual environment "
                         "made with --system-site-packages)") from None
