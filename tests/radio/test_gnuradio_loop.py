"""The loop through GNU Radio: what its channel model does to samples, and what happens when it is not there."""

import os
import signal
import stat
import subprocess
import sys
import time

import numpy as np
import pytest

from gensc.channel._gnuradio import ChannelModel, Loop, process
from gensc.channel._gnuradio import loop as loops
from gensc.errors import InputError, RunLost
from helpers import alive

N = 200_000


@pytest.fixture(scope="module")
def loop(gnuradio):
    with Loop() as one:
        yield one


@pytest.fixture(scope="module")
def x():
    return np.random.default_rng(3).standard_normal((N, 2), np.float32).view(np.complex64)[:, 0]


def test_a_perfect_channel_changes_no_bit(loop, x):
    assert np.array_equal(loop.send(x, ChannelModel()), x)
    assert np.array_equal(loop.send(x[:1], ChannelModel()), x[:1])


@pytest.mark.parametrize("voltage", [0.05, 1.0])
def test_noise_voltage_is_the_deviation_of_a_complex_sample(loop, x, voltage):
    """Power noise_voltage^2, half of it in I and half in Q: no 3 dB between the conventions."""
    noise = np.stack([loop.send(x, ChannelModel(voltage, seed=seed)) - x for seed in range(1, 9)]) / voltage
    # 8 pools of 16,384 values: a standard error of 0.28 % for the power.
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, abs=0.012)
    assert np.mean(noise.real**2) == pytest.approx(0.5, abs=0.01)
    assert np.all(np.abs(np.mean(np.abs(noise) ** 2, axis=1) - 1) < 0.03)
    assert abs(np.mean(noise[:, 1:] * noise[:, :-1].conj())) < 0.005
    assert abs(np.mean(noise[0] * noise[1].conj())) < 0.012


def test_a_burst_repeats_bit_for_bit_whatever_went_before(loop, x):
    model = ChannelModel(0.1, 0.0123, 1.00002, (1.0, 0.2j), seed=7)
    first = loop.send(x, model)
    loop.send(x[:77], ChannelModel(1.0, seed=9))
    assert np.array_equal(loop.send(x, model), first)
    assert not np.array_equal(loop.send(x, ChannelModel(0.1, 0.0123, 1.00002, (1.0, 0.2j), seed=8)), first)


def test_the_carrier_offset_turns_from_phase_0(loop, x):
    turned = loop.send(x, ChannelModel(frequency_offset=-0.0125))
    expected = x * np.exp(-2j * np.pi * 0.0125 * np.arange(N))
    # GNU Radio's oscillator counts phase in 32 bits.
    assert np.abs(turned - expected).max() < 2e-3


@pytest.mark.parametrize("epsilon", [0.9999, 1.00004])
def test_the_receivers_clock_takes_samples_every_epsilon(loop, epsilon):
    """Over the whole band: tones at 0.05 to 0.45 cycles a sample, within -40 dB."""
    time = np.arange(N)
    for frequency in (0.05, -0.25, 0.45):
        tone = np.exp(2j * np.pi * frequency * time).astype(np.complex64)
        taken = loop.send(tone, ChannelModel(epsilon=epsilon))
        assert len(taken) == int(np.ceil(N / epsilon))
        inside = slice(200, N - 300)
        # GNU Radio keeps epsilon in single precision.
        expected = np.exp(2j * np.pi * frequency * float(np.float32(epsilon)) * np.arange(len(taken)))
        assert np.sqrt(np.mean(np.abs(taken - expected)[inside] ** 2)) < 0.01


def test_noise_is_as_strong_and_as_white_with_a_timing_offset(loop):
    noise = np.stack([loop.send(np.zeros(N, np.complex64), ChannelModel(1.0, epsilon=1.00002, seed=seed))
                      for seed in range(1, 9)])
    assert np.mean(np.abs(noise) ** 2) == pytest.approx(1, abs=0.012)
    assert abs(np.mean(noise[:, 1:] * noise[:, :-1].conj())) < 0.005


def test_taps_are_a_filter_of_delays_in_samples(loop, x):
    heard = loop.send(x, ChannelModel(taps=(0.5, 0.0, 0.25j)))
    assert np.allclose(heard, np.convolve(x, [0.5, 0, 0.25j])[:N], atol=1e-6)


@pytest.mark.parametrize("options", [
    {"noise_voltage": -1.0}, {"noise_voltage": float("nan")}, {"frequency_offset": 0.6}, {"epsilon": 0.0},
    {"epsilon": float("nan")}, {"taps": ()}, {"taps": (float("inf"),)}, {"seed": 0}])
def test_settings_that_mean_nothing_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        ChannelModel(**options)


@pytest.mark.parametrize(("samples", "says"), [
    (np.array([1, 2, complex("nan"), complex("inf")]), "2 of 4 samples are nan or infinite, the first at 2"),
    (np.zeros(0, np.complex64), "one sample or more"), (np.ones(4), "expected complex64"),
    (np.ones((2, 2), np.complex64), "expected complex64")])
def test_samples_that_can_not_be_sent_are_refused(loop, samples, says):
    with pytest.raises(InputError, match=says):
        loop.send(samples, ChannelModel())


def test_a_process_that_is_killed_in_mid_burst_is_an_error_not_a_hang(gnuradio, monkeypatch):
    polls, poller = [], loops._poller
    with Loop() as one:
        def killing(*sockets):
            polls.append(sockets)
            if len(polls) == 8:
                os.kill(one.pid, signal.SIGKILL)
            return poller(*sockets)

        monkeypatch.setattr(loops, "_poller", killing)
        with pytest.raises(RunLost, match=r"GNU Radio process died after \d+ of 4194304 samples \(signal 9\)"):
            one.send(np.ones(1 << 22, np.complex64), ChannelModel(0.1))
        assert not one.alive
        with pytest.raises(RunLost, match="Run it again"):
            one.send(np.ones(4, np.complex64), ChannelModel())


def test_a_burst_that_is_stopped_ends_the_process(gnuradio, monkeypatch):
    """A second burst must not be taken for the rest of the first."""
    with Loop() as one:
        def stopped(*sockets):
            raise KeyboardInterrupt

        monkeypatch.setattr(loops, "_poller", stopped)
        with pytest.raises(KeyboardInterrupt):
            one.send(np.ones(1000, np.complex64), ChannelModel())
        assert not one.alive
        with pytest.raises(RunLost, match="Run it again"):
            one.send(np.ones(4, np.complex64), ChannelModel())


def test_a_process_that_stalls_is_an_error_not_a_hang(gnuradio, monkeypatch):
    monkeypatch.setattr(loops, "STALLED_S", 0.5)
    with Loop() as one:
        os.kill(one.pid, signal.SIGSTOP)
        with pytest.raises(RunLost, match=r"for 0.5 s"):
            one.send(np.ones(1 << 20, np.complex64), ChannelModel())
        assert not one.alive


@pytest.mark.parametrize("end", ["forget", "kill"])
def test_no_process_is_left_behind(gnuradio, end):
    code = f"""
import os, signal, numpy as np
from gensc.channel._gnuradio import ChannelModel, Loop
loop = Loop()
loop.send(np.ones(10, np.complex64), ChannelModel())
print(loop.pid, flush=True)
if {end!r} == "kill": os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    deadline = time.monotonic() + 10
    while alive(int(done.stdout)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(int(done.stdout))


def test_a_dropped_loop_ends_its_process(gnuradio):
    pid = Loop().pid
    deadline = time.monotonic() + 10
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def script(folder, text: str) -> str:
    """An interpreter of its own making."""
    place = folder / "python3"
    place.write_text(f"#!/bin/sh\n{text}\n")
    place.chmod(place.stat().st_mode | stat.S_IXUSR)
    return str(place)


def test_without_gnu_radio_the_package_to_install_is_named(tmp_path, monkeypatch):
    """As on a machine whose only Python has no GNU Radio."""
    monkeypatch.setattr(process, "SYSTEM_PYTHON", str(tmp_path / "none"))
    script(tmp_path, f'exec "{sys.executable}" -I "$@"')
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"No module named 'gnuradio'.*apt install gnuradio"):
        Loop()
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    with pytest.raises(InputError, match="no python3 on PATH"):
        Loop()


@pytest.mark.parametrize(("text", "says"), [
    ("exit 0", "does not run"), ("echo hello; sleep 60", "does not run"),
    ("echo '{\"gnuradio\": \"3.10\"}'; exit 3", "exit code 3")])
def test_an_interpreter_that_is_none_is_said_so(tmp_path, monkeypatch, text, says):
    monkeypatch.setattr(process, "START_S", 1.0)
    with pytest.raises((InputError, RunLost), match=says):
        Loop(script(tmp_path, text)).send(np.ones(4, np.complex64), ChannelModel())


def test_an_interpreter_that_is_not_there_is_named():
    with pytest.raises(InputError, match=r"/nowhere/python3: No such file"):
        Loop("/nowhere/python3")
