"""SoapySDR devices against a stand-in with its call surface: no hardware is behind these tests."""

import sys
import types

import numpy as np
import pytest

from gensc.errors import InputError, RunLost
from gensc.radio.device import CHUNK, FULL_SCALE, Device, Tuning, devices
from gensc.radio.recording import open_recording
from gensc.radio.sigmf import write_recording
from helpers import call, refused


class Radio:
    """What SoapySDR.Device is: one channel whose receiver hears what its transmitter sent."""

    made = []
    behaviour = "good"

    def __init__(self, arguments):
        if arguments != "driver=loop":
            raise RuntimeError("SoapySDR::Device::make() no match")
        self.calls, self.air, self.read = [], np.zeros(0, np.complex64), 0
        self.rate = 0.0
        Radio.made.append(self)

    @staticmethod
    def enumerate():
        return [{"driver": "loop", "label": "Loop 0"}]

    def setSampleRate(self, direction, channel, rate):
        self.rate = rate if Radio.behaviour != "coarse" else 2.5e6

    def getSampleRate(self, direction, channel):
        return self.rate

    def setFrequency(self, direction, channel, hz):
        self.calls.append(("frequency", direction, channel, hz))

    def setGain(self, direction, channel, db):
        self.calls.append(("gain", direction, channel, db))

    def setupStream(self, direction, kind, channels):
        self.calls.append(("setup", direction, kind, channels))
        return direction

    def activateStream(self, stream):
        self.calls.append(("activate", stream))

    def deactivateStream(self, stream):
        self.calls.append(("deactivate", stream))

    def closeStream(self, stream):
        self.calls.append(("close", stream))

    def writeStream(self, stream, buffers, count, flags=0, timeNs=0, timeoutUs=100_000):
        assert buffers[0].dtype == np.complex64 and len(buffers[0]) == count
        taken = min(count, 5000) if Radio.behaviour != "underflow" else -7
        self.air = np.concatenate([self.air, buffers[0][:max(0, taken)]])
        self.calls.append(("write", flags))
        return types.SimpleNamespace(ret=taken)

    def readStream(self, stream, buffers, count, flags=0, timeNs=0, timeoutUs=100_000):
        if Radio.behaviour == "silent":
            return types.SimpleNamespace(ret=-1)
        if Radio.behaviour == "overflow":
            return types.SimpleNamespace(ret=-4)
        given = min(count, 777)
        buffers[0][:given] = np.resize(self.air, self.read + given)[self.read:]
        self.read += given
        return types.SimpleNamespace(ret=given)


@pytest.fixture
def soapy(monkeypatch):
    module = types.ModuleType("SoapySDR")
    module.Device = Radio
    module.SOAPY_SDR_TX, module.SOAPY_SDR_RX, module.SOAPY_SDR_CF32 = 0, 1, "CF32"
    module.SOAPY_SDR_END_BURST, module.SOAPY_SDR_TIMEOUT = 2, -1
    module.errToStr = {-1: "TIMEOUT", -4: "OVERFLOW", -7: "UNDERFLOW"}.get
    monkeypatch.setitem(sys.modules, "SoapySDR", module)
    monkeypatch.setattr(Radio, "made", [])
    monkeypatch.setattr(Radio, "behaviour", "good")
    return Radio


TUNING = Tuning(20e6, 2.4e9, gain_db=10.0)
X = 4 * np.random.default_rng(0).standard_normal((CHUNK + 999, 2), np.float32).view(np.complex64)[:, 0]


def test_what_is_sent_is_heard_scaled_to_full_scale(soapy):
    with Device("loop", TUNING) as one:
        one.transmit(X)
        heard = one.receive(len(X))
    scale = FULL_SCALE / np.abs(X.view(np.float32)).max()
    assert np.allclose(heard, X * scale, atol=1e-6)
    calls = soapy.made[0].calls
    assert ("frequency", 0, 0, 2.4e9) in calls and ("gain", 1, 0, 10.0) in calls
    assert ("setup", 0, "CF32", [0]) in calls and ("setup", 1, "CF32", [0]) in calls
    # The end of the burst is marked once all is handed over, and every stream that was opened is closed.
    flags = [one[1] for one in calls if one[0] == "write"]
    assert flags[-1] == 2 and flags[0] == 0
    assert calls.count(("close", 0)) == calls.count(("close", 1)) == 1


@pytest.mark.parametrize(("behaviour", "use", "says"), [
    ("underflow", lambda one: one.transmit(X), "UNDERFLOW"), ("overflow", lambda one: one.receive(9), "OVERFLOW"),
    ("silent", lambda one: one.receive(9), "TIMEOUT")])
def test_a_stream_that_fails_is_an_error_and_is_closed(soapy, behaviour, use, says):
    soapy.behaviour = behaviour
    with Device("driver=loop", TUNING) as one, pytest.raises(RunLost, match=says):
        use(one)
    assert [name for name, *_ in soapy.made[0].calls][-2:] == ["deactivate", "close"]


@pytest.mark.parametrize("samples", [np.zeros(0, np.complex64), np.zeros(9, np.complex64),
                                     np.array([1, complex("nan")], np.complex64)])
def test_nothing_to_send_is_refused(soapy, samples):
    with Device("loop", TUNING) as one, pytest.raises(InputError, match="expected finite samples"):
        one.transmit(samples)


def test_a_radio_that_is_not_there_or_has_another_rate(soapy):
    with pytest.raises(InputError, match=r"no radio 'hackrf'.*found: driver=loop \(Loop 0\)"):
        Device("hackrf", TUNING)
    soapy.behaviour = "coarse"
    with Device("loop", TUNING) as one, pytest.raises(InputError, match=r"samples at 2.5e\+06"):
        one.receive(9)


def test_without_soapysdr_the_package_to_install_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "SoapySDR", None)
    with pytest.raises(InputError, match="apt install python3-soapysdr"):
        devices()
    refused(call("radio", "devices"), "apt install python3-soapysdr")


def test_the_commands(soapy, tmp_path):
    write_recording(tmp_path / "sent", [(X[:5000], None)], 20e6, 2.4e9, "")
    assert call("radio", "devices").out == "driver=loop (Loop 0)\n"
    assert "5000 samples sent at 2400 MHz" in call("radio", "transmit", tmp_path / "sent", "--device", "loop").out
    soapy.air = X[:10]
    said = call("radio", "record", "--device", "loop", "--seconds", "0.001", "--out", tmp_path / "heard")
    assert said.code == 0 and len(open_recording(tmp_path / "heard")) == 20_000
    refused(call("radio", "record", "--device", "loop", "--seconds", "0", "--out", tmp_path / "x"), "--seconds")
