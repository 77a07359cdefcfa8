"""Interference: its mean power, its share of the time, its spectrum."""

import math

import pytest
import torch

from gensc.channel import Interference
from gensc.errors import InputError

INF = float("inf")


def interferer(send, ones, items: int, uses: int, **options) -> torch.Tensor:
    x = ones(items, uses)
    return send(Interference(**options), x, INF).x - x


@pytest.mark.parametrize("sir_db", [0.0, 10.0])
@pytest.mark.parametrize("options", [{"shape": "tone"}, {"shape": "burst"}, {"shape": "burst", "duty": 1.0}], ids=str)
def test_mean_power_is_set_by_the_signal_to_interference_ratio(send, ones, options, sir_db):
    items, uses = 40, 5_000
    power = interferer(send, ones, items, uses, sir_db=sir_db, **options).abs().double().square()
    per_item = power.mean(dim=1) * 10 ** (sir_db / 10)
    samples = items * uses * options.get("duty", 0.25)
    spread = 1e-5 if options["shape"] == "tone" else 4.5 / math.sqrt(samples)
    assert spread < 0.047, "too few samples to see 0.2 dB"
    assert float(per_item.mean()) == pytest.approx(1, abs=spread)


@pytest.mark.parametrize("duty", [0.1, 0.25, 1.0])
def test_a_burst_lasts_its_share_of_the_uses_in_one_piece(send, ones, duty):
    on = interferer(send, ones, 30, 1_000, shape="burst", duty=duty).abs() > 0
    assert on.sum(dim=1).tolist() == [round(1_000 * duty)] * 30
    edges = (on != on.roll(1, dims=1)).sum(dim=1)
    assert set(edges.tolist()) == ({0} if duty == 1 else {2})
    if duty < 1:
        starts = (on & ~on.roll(1, dims=1)).int().argmax(dim=1)
        assert starts.unique().numel() > 20, "bursts of different items start at different places"


def test_a_burst_is_stronger_while_it_lasts(send, ones):
    wave = interferer(send, ones, 60, 4_000, shape="burst", duty=0.1, sir_db=10.0)
    during = wave[wave.abs() > 0].abs().double().square().mean()
    assert float(during) == pytest.approx(1.0, abs=0.04)


def test_a_tone_is_one_line_of_constant_modulus(send, ones):
    wave = interferer(send, ones, 8, 4_096, sir_db=6.0)
    assert torch.allclose(wave.abs(), torch.full_like(wave.abs(), 10 ** (-6 / 20)), atol=1e-5)
    # One frequency: every sample turns by the same angle from the last.
    turn = wave[:, 1:] * wave[:, :-1].conj()
    spread = (turn / turn[:, :1] - 1).abs().max()
    assert spread < 0.01
    window = torch.blackman_window(4_096, periodic=True)
    spectrum = torch.fft.fft(wave * window, dim=1).abs().square()
    line = spectrum.argmax(dim=1)
    near = torch.stack([spectrum.gather(1, ((line + step) % 4_096)[:, None])[:, 0] for step in range(-3, 4)])
    assert ((near.sum(dim=0) / spectrum.sum(dim=1)) > 0.9999).all()
    assert line.unique().numel() > 4 and wave[:, 0].real.unique().numel() == 8, "each item has a tone of its own"


def test_a_tone_stays_a_line_on_a_long_frame(send, ones):
    """The phase at the end of 10^6 uses is still that of the frequency at the start."""
    wave = interferer(send, ones, 2, 1_000_000, sir_db=0.0)
    turn = (wave[:, 1:] * wave[:, :-1].conj()).to(torch.complex128)
    jitter = (turn / turn.mean(dim=1, keepdim=True)).angle().std(dim=1)
    assert (jitter < 0.01).all(), f"jitter {jitter.tolist()} rad"


def test_the_interferer_does_not_depend_on_the_snr(send, ones):
    x = ones(4, 64)
    at_inf, at_10 = send(Interference(), x, INF), send(Interference(), x, 10.0)
    assert torch.equal(at_10.h, x)
    assert not torch.equal(at_inf.x, at_10.x)
    assert torch.allclose(at_inf.n0, torch.zeros(4)) and torch.allclose(at_10.n0, torch.full((4,), 0.1))


@pytest.mark.parametrize("options", [{"duty": 0.0}, {"duty": 1.1}, {"sir_db": float("nan")},
                                     {"sir_db": float("-inf")}], ids=str)
def test_settings_without_meaning_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Interference(**options)
