"""TDL and CDL of TR 38.901 against Sionna's, and against the closed forms of their spectra."""

import math

import pytest
import torch
from scipy.special import j0

from gensc.channel.millimetre import CDL, TDL
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import Signal, State

ITEMS = 6_000
SPREAD_S = 100e-9
CARRIER_HZ = 28e9
SPEED = 10.0
DOPPLER_HZ = SPEED / 299_792_458.0 * CARRIER_HZ
LAG_S = 0.25 / DOPPLER_HZ


@pytest.fixture(scope="module")
def sionna():
    """Sionna's link-level models, drawn from a seed of their own."""
    pytest.importorskip("sionna")
    import sionna.phy
    from sionna.phy.channel import tr38901

    sionna.phy.config.seed = 7
    return tr38901


def ours(channel, items=ITEMS, lags=(0.0, LAG_S)):
    """Gains complex128 [B,P,S] and delays [P]."""
    paths = channel.paths(Rng.seeded(3, "tests").of(items), 100e6)
    return paths.at(torch.tensor(lags, dtype=torch.float64)).to(torch.complex128), paths.delay_s


def theirs(model, items):
    """Gains complex128 [B,P,2] a LAG_S apart and delays [P]."""
    h, tau = model(items, 2, 1 / LAG_S)
    return h[:, 0, 0, 0, 0].to(torch.complex128), tau[0, 0, 0].double()


def mean_and_error(values):
    """Mean over the items and its standard error."""
    return values.mean(dim=0), values.abs().std(dim=0) / math.sqrt(len(values))


def antenna(tr38901):
    return tr38901.PanelArray(num_rows_per_panel=1, num_cols_per_panel=1, polarization="single",
                              polarization_type="V", antenna_pattern="omni", carrier_frequency=CARRIER_HZ)


def cdl(tr38901, model, items):
    heading = torch.rand(items, generator=torch.Generator().manual_seed(2)) * 2 * math.pi
    velocity = SPEED * torch.stack([heading.cos(), heading.sin(), torch.zeros(items)], dim=1)
    return tr38901.CDL(model, SPREAD_S, CARRIER_HZ, antenna(tr38901), antenna(tr38901), ut_velocity=velocity)


def agree(mine, reference):
    """Mean power and correlation over time of every path, within the errors of both."""
    for take in (lambda h: h[:, :, 0].abs().square(), lambda h: h[:, :, 1] * h[:, :, 0].conj()):
        one, one_error = mean_and_error(take(mine))
        other, other_error = mean_and_error(take(reference))
        bound = 4.5 * (one_error.square() + other_error.square()).sqrt() + 1e-6
        assert ((one - other).abs() < bound).all(), (one - other).abs() / bound


@pytest.mark.parametrize("model", "ABCDE")
def test_tdl_is_sionnas(sionna, model):
    reference = sionna.TDL(model, SPREAD_S, CARRIER_HZ, min_speed=SPEED, num_sinusoids=32)
    channel = TDL(model, speed_mps=SPEED)
    power = channel.power.clone()
    power[0] += channel.direct
    assert torch.allclose(power, reference.mean_powers.double(), atol=1e-6)
    assert torch.allclose(channel.delay_s, reference.delays.double(), atol=1e-13)
    if channel.direct:
        assert channel.direct / float(channel.power[0]) == pytest.approx(float(reference.k_factor), rel=1e-5)
    if model in "AD":
        mine, theirs_ = ours(channel)[0], theirs(reference, 3_000)[0]
        agree(mine, theirs_)


@pytest.mark.parametrize("model", "ABCDE")
def test_cdl_is_sionnas(sionna, model):
    items = 1_500
    channel = CDL(model, speed_mps=SPEED)
    mine, delay = ours(channel)
    reference, their_delay = theirs(cdl(sionna, model, items), items)
    # Sionna hands its clusters over in the order of their delays.
    order = delay.argsort(stable=True)
    assert torch.allclose(delay[order], their_delay, atol=1e-12)
    agree(mine[:, order], reference)


@pytest.mark.parametrize("model", "ABC")
@pytest.mark.parametrize("delay_spread_ns", [30.0, 300.0])
def test_the_delay_spread_is_the_one_asked_for(model, delay_spread_ns):
    """The tables are normalised to an rms delay spread of 1, up to their rounding."""
    for channel in (TDL(model, delay_spread_ns), CDL(model, delay_spread_ns)):
        mean = (channel.power * channel.delay_s).sum()
        spread = ((channel.power * channel.delay_s.square()).sum() - mean**2).sqrt()
        assert float(spread) * 1e9 == pytest.approx(delay_spread_ns, rel=0.01)


@pytest.mark.parametrize("lag", [0.1, 0.25, 0.38])
def test_tdl_taps_have_the_jakes_spectrum(lag):
    """E[h(t) h*(0)] / P = J0(2 pi fd t) (Clarke, Bell Syst. Tech. J. 47, 1968)."""
    channel = TDL("A", speed_mps=SPEED)
    h, _ = ours(channel, 3_000, (0.0, lag / DOPPLER_HZ))
    products = (h[:, :, 1] * h[:, :, 0].conj() / channel.power).flatten()
    seen, error = mean_and_error(products[:, None])
    assert float(error) < 0.006
    assert complex(seen) == pytest.approx(j0(2 * math.pi * lag), abs=4.5 * float(error))


@pytest.mark.parametrize("model", ["D", "E"])
def test_the_line_of_sight_of_tdl_moves_at_seven_tenths_of_the_largest_shift(model):
    h, _ = ours(TDL(model, speed_mps=SPEED), 500, (0.0, 0.1 / DOPPLER_HZ))
    turn = (h[:, 0, 1] * h[:, 0, 0].conj()).mean()
    assert float(turn.angle()) == pytest.approx(2 * math.pi * 0.07, abs=0.02)


@pytest.mark.parametrize("kind", [TDL, CDL])
def test_a_still_channel_has_the_powers_of_a_moving_one(kind):
    still, moving = (ours(kind("D", speed_mps=speed), 4_000)[0][:, :, 0] for speed in (0.0, SPEED))
    (one, a), (other, b) = mean_and_error(still.abs().square()), mean_and_error(moving.abs().square())
    assert ((one - other).abs() < 4.5 * (a + b) + 1e-6).all()
    assert float(still.abs().square().sum(dim=1).mean()) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("kind", [TDL, CDL])
def test_gains_change_over_ofdm_symbols_as_their_doppler_says(kind, ones):
    """From one OFDM symbol (8.93 us at 120 kHz) to the next, E|dH|^2 is about (2 pi fd T)^2 times 1/2 or less."""
    channel = kind("A", speed_mps=SPEED)
    state = State.of(math.inf, 400, Rng.seeded(0, "tests"))
    h = channel(Signal(ones(400, 2 * 792), state.n0), state).h.view(400, 2, 792)
    change = float((h[:, 1] - h[:, 0]).abs().square().mean())
    largest = (2 * math.pi * DOPPLER_HZ * (1 + 144 / 2048) / 120e3) ** 2
    assert 0.2 * largest < change < 0.7 * largest


@pytest.mark.parametrize("kind", [TDL, CDL])
@pytest.mark.parametrize(("options", "word"), [
    ({"model": "F"}, "model"), ({"delay_spread_ns": -1.0}, "delay_spread_ns"), ({"carrier_ghz": 200.0}, "carrier_ghz"),
    ({"speed_mps": math.nan}, "speed_mps"), ({"tones": 0}, "tones"),
], ids=str)
def test_settings_without_meaning_are_refused(kind, options, word):
    with pytest.raises(InputError, match=word):
        kind(**options)
