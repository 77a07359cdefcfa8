"""The intelligent surface: array gain and rounding loss in closed form, against its own draws and NumPy's."""

import math

import numpy as np
import pytest
import torch
from scipy.stats import kstest, rice

from gensc.channel.surface import Surface
from gensc.errors import InputError

INF = float("inf")
SETTINGS = [
    {}, {"elements": 1}, {"elements": 16, "bits": 1}, {"elements": 100, "bits": 2},
    {"elements": 20, "bits": 3, "direct_db": 3.0}, {"direct_db": 10.0, "elements": 8}, {"k_db": 5.0, "elements": 20},
    {"k_db": INF, "elements": 10}, {"k_db": 0.0, "bits": 1}, {"phases": "random", "elements": 20},
    {"phases": "random", "elements": 20, "direct_db": 0.0}, {"phases": "off", "direct_db": -3.0},
]


def gains(send, ones, items=20_000, **options):
    return send(Surface(**options), ones(items, 1), INF).h[:, 0]


@pytest.mark.parametrize("options", SETTINGS, ids=str)
def test_the_closed_form_is_the_mean_power_that_is_drawn(send, ones, options):
    """h is divided by the root of the closed form, so that its mean power is 1 only where that is right."""
    # An array that is in phase hardens the channel: fewer draws say as much.
    hard = options.get("phases") is None and options.get("elements", 64) >= 8 and "direct_db" not in options
    items = 3_000 if hard else 30_000 if options.get("elements") == 1 else 12_000
    power = gains(send, ones, items, **options).abs().double().square()
    error = float(power.std()) / math.sqrt(len(power))
    assert 4.5 * error < 0.047, "too few draws to see 0.2 dB"
    assert float(power.mean()) == pytest.approx(1, abs=4.5 * error + 1e-5)


@pytest.mark.parametrize("elements", [4, 64, 1000])
def test_the_array_gain_over_random_phases_grows_with_the_elements(elements):
    """1 + (N-1) pi^2/16 for two Rayleigh hops (Basar et al., 2019)."""
    assert Surface(elements).gain_db() == pytest.approx(10 * math.log10(1 + (elements - 1) * math.pi**2 / 16), abs=1e-4)


@pytest.mark.parametrize(("bits", "loss_db"), [(1, 3.92), (2, 0.91), (3, 0.22)])
def test_rounding_costs_the_published_loss(bits, loss_db):
    """sinc^2(2^-bits) for many elements (Wu and Zhang, IEEE Trans. Commun. 68(3), 2020, table I)."""
    assert Surface(100_000).gain_db() - Surface(100_000, bits=bits).gain_db() == pytest.approx(loss_db, abs=0.006)
    assert Surface(bits=16).gain_db() == pytest.approx(Surface().gain_db(), abs=1e-4)


def test_an_independent_simulation_gives_the_same_gain():
    rng, trials, elements, step = np.random.default_rng(4), 20_000, 32, 2 * math.pi / 4
    f, g = (rng.normal(size=(trials, elements, 2)) @ [1, 1j] / math.sqrt(2) for _ in range(2))
    direct = rng.normal(size=(trials, 2)) @ [1, 1j] * math.sqrt(elements / 4)
    wanted = np.angle(direct)[:, None] - np.angle(f * g)
    optimised = direct + (f * g * np.exp(1j * np.round(wanted / step) * step)).sum(axis=1)
    arbitrary = direct + (f * g).sum(axis=1)
    seen = 10 * math.log10((np.abs(optimised) ** 2).mean() / (np.abs(arbitrary) ** 2).mean())
    surface = Surface(elements, bits=2, direct_db=10 * math.log10(0.5))
    assert surface.gain_db() == pytest.approx(seen, abs=0.1)
    over_none = 10 * math.log10((np.abs(optimised) ** 2).mean() / (np.abs(direct) ** 2).mean())
    assert surface.gain_db("off") == pytest.approx(over_none, abs=0.1)


def test_gains_against_nothing_and_against_itself():
    assert Surface().gain_db("off") == INF
    assert Surface(direct_db=0.0).gain_db("optimised") == 0
    assert Surface(phases="random", direct_db=0.0).gain_db("off") == pytest.approx(10 * math.log10(2), abs=1e-5)


@pytest.mark.parametrize("k_db", [-10.0, 0.0, 7.0])
def test_the_mean_amplitude_of_an_element_is_that_of_the_rice_law(k_db):
    k = 10 ** (k_db / 10)
    mean = rice(math.sqrt(2 * k), scale=math.sqrt(1 / (2 * (k + 1)))).mean()
    assert Surface(2, k_db=k_db).mean_power("optimised") == pytest.approx(2 + 2 * mean**4, rel=1e-5)


def test_a_large_surface_hardens_the_channel_and_random_phases_do_not(send, ones):
    hardened = gains(send, ones, 4_000, elements=256).abs()
    assert float(hardened.std() / hardened.mean()) < 0.06
    power = gains(send, ones, 4_000, elements=256, phases="random").abs().square()
    assert kstest(power.numpy(), "expon").pvalue > 1e-4


def test_optimised_phases_meet_the_direct_path(send, ones):
    """With exact phases h has the phase of the direct path, which the surface cannot turn."""
    with_surface = gains(send, ones, 50, direct_db=0.0)
    direct = gains(send, ones, 50, direct_db=0.0, phases="off")
    assert torch.allclose(with_surface.angle(), direct.angle(), atol=1e-4)


@pytest.mark.parametrize("options", [{"elements": 0}, {"bits": -1}, {"bits": 17}, {"direct_db": math.nan},
                                     {"direct_db": INF}, {"k_db": math.nan}, {"phases": "off"}], ids=str)
def test_settings_without_meaning_are_refused(options):
    with pytest.raises(InputError, match=next(iter(options))):
        Surface(**options)
