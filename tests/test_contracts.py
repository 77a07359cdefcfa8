"""Every registered part, made with its defaults, keeps the laws; so do its other settings."""

import pytest
import torch

from gensc import registry
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State
from gensc.testing import check_bytes, check_channel, check_codec, check_task, check_transport

DEVICES = ["cpu", *(["cuda"] if torch.cuda.is_available() else [])]


def maker(kind, name, **options):
    return lambda: registry.create(kind, name, **options)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", registry.names("channel"))
def test_every_channel_keeps_the_laws(name, device):
    channel = registry.create("channel", name)
    if channel.needs:
        state = State.of(10.0, 1, Rng.seeded(0))
        try:
            channel(Signal(torch.ones(1, 8, dtype=torch.complex64), state.n0), state)
        except InputError as missing:
            pytest.skip(str(missing))
    check_channel(maker("channel", name), device=device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", registry.names("transport"))
def test_every_transport_keeps_the_laws(name, device):
    check_transport(maker("transport", name), device=device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", registry.names("codec"))
def test_every_codec_keeps_the_laws(name, device):
    # Where a codec takes any pictures, they are no squares.
    square = "size" in registry.options_of(registry.lookup("codec", name))
    check_codec(maker("codec", name), sides=(224, 224) if square else (120, 96), device=device)


@pytest.mark.parametrize("device", DEVICES)
@pytest.mark.parametrize("name", registry.names("task"))
def test_every_task_keeps_the_laws(name, device):
    check_task(maker("task", name), device=device)


@pytest.mark.parametrize(("name", "options"), [
    ("rayleigh", {"fading": "symbol"}),
    ("rician", {"fading": "symbol", "k_db": 0.0}),
    ("rician", {"k_db": float("inf")}),
    ("interference", {"shape": "burst", "sir_db": 0.0}),
    ("chain", {"parts": ({"name": "phase_noise"}, {"name": "rician"}, {"name": "interference"})}),
    ("chain", {"parts": ({"name": "chain"}, {"name": "awgn"})}),
    ("chain", {"parts": ({"name": "rapp"}, {"name": "carrier_offset"}, {"name": "tgn"}, {"name": "sampling_offset"})}),
    ("tgn", {"model": "F", "los": True, "speed_kmh": 1.2, "bandwidth_mhz": 80.0}),
    ("tdl", {"model": "D", "speed_mps": 30.0, "tones": 12}),
    ("cdl", {"model": "E", "speed_mps": 30.0, "tones": 12}),
    ("terahertz", {"carrier_ghz": 380.0, "distance_m": 100.0, "tones": 1}),
    ("surface", {"elements": 8, "bits": 1, "direct_db": 0.0, "k_db": 3.0}),
    ("surface", {"elements": 8, "phases": "random"}),
    ("surface", {"phases": "off", "direct_db": 0.0}),
    ("rapp", {"backoff_db": 0.0, "am_pm": True}),
    ("timing", {"delay_us": 1.0, "spread": "fixed"}),
    ("mix", {"parts": ({"name": "rayleigh"}, {"name": "awgn"}, {"name": "rician"}), "shares": (1.0, 2.0, 1.0)}),
], ids=str)
def test_other_settings_of_channels(name, options):
    check_channel(maker("channel", name, **options))


@pytest.mark.parametrize(("name", "options", "channel", "csi"), [
    ("analog", {"mapping": "linear", "uses": 12, "equalizer": "zf"}, "rayleigh", "receiver"),
    ("analog", {"uses": 12, "pilots": 3, "hidden": 32}, "rayleigh", "pilots"),
    ("analog", {"uses": 1, "hidden": 32}, "rayleigh", "none"),
    ("features", {"pilots": 2}, "rician", "pilots"),
    ("features", {"equalizer": "zf"}, "rayleigh", "receiver"),
    ("features", {}, "chain", "none"),
    ("features", {"convention": "gensc6g"}, "awgn", "receiver"),
    ("features", {"convention": "gensc6g"}, "rayleigh", "receiver"),
    ("digital", {"uses": 300, "pilots": 20, "mcs": 1, "packing": {"values": 8, "hidden": 32}}, "awgn", "pilots"),
    ("wifi7", {"bandwidth_mhz": 80, "uses": 12_000, "packing": {"values": 8, "hidden": 32}}, "awgn", "receiver"),
], ids=str)
def test_other_settings_of_transports(name, options, channel, csi):
    def make():
        return registry.create("transport", name, channel=registry.create("channel", channel), **options)

    check_transport(make, csi=csi)


@pytest.mark.parametrize("options", [{"embedding": "angle", "shots": 16}, {"correction": "steane"}], ids=str)
def test_other_settings_of_qubits(options):
    check_transport(maker("transport", "qubit", **options))


@pytest.mark.parametrize(("name", "options"), [
    ("digital", {"uses": 0}), ("digital", {"uses": 0, "mcs": 7}), ("wifi7", {"uses": 0, "bandwidth_mhz": 40}),
], ids=str)
def test_items_of_free_length(name, options):
    check_bytes(maker("transport", name, **options))


@pytest.mark.parametrize("options", [
    {"mode": "finetune", "frozen_stages": 3, "output": "logits"},
    {"mode": "finetune", "frozen_stages": 3, "output": "pooled"},
    {"mode": "scratch", "model": "mobilenetv3_small_050", "output": "pooled"},
], ids=str)
def test_other_settings_of_backbones(options):
    check_codec(maker("codec", "backbone", size=64, **options), sides=(64, 64))


@pytest.mark.parametrize(("name", "options", "sides"), [
    ("jscc", {"cbr": 1 / 48}, (33, 50)), ("jscc", {}, (8, 8)), ("deepjscc", {"cbr": 1 / 96}, (33, 50)),
    ("diffusion", {"denoise": True, "restorer": "none", "steps": 3}, (24, 40)),
    ("diffusion", {"restorer": "none", "cbr": 1 / 24}, (24, 40)), ("vae_symbols", {"cbr": 1 / 8}, (90, 50)),
    ("vae", {}, (17, 50)), ("hybrid", {"output": "logits", "qubits": 2, "size": 64}, (64, 64)),
], ids=str)
def test_other_settings_of_codecs(name, options, sides):
    check_codec(maker("codec", name, **options), sides)


@pytest.mark.parametrize(("options", "shape"), [
    ({"classes": 2, "head": "2xfc", "smoothing": 0.0}, (7,)), ({"classes": 15}, (8, 3, 5))], ids=str)
def test_other_settings_of_tasks(options, shape):
    check_task(maker("task", "classify", **options), shape)
