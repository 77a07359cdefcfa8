"""Frames of every scheme, judged by what became of one."""

import numpy as np
import pytest

from gensc.phy.wifi7 import Phy, front_end, transplant
from gensc.phy.wifi7.layout import layout_for, payload_within
from gensc.phy.wifi7.mapper import to_tones
from gensc.phy.wifi7.transmit import coded_bits, transmit
from gensc.rng import Rng

ITEMS, USES = 20, 4096


def layouts():
    phys = [Phy(20, index) for index in range(14)]
    return [layout_for(payload_within(phy, USES), phy) for phy in phys]


def receptions(snr_db, mcs=4):
    """Frames of one MCS over AWGN."""
    layout = layouts()[mcs]
    rng = Rng.seeded(3, "tests").of(ITEMS)
    noise = rng.child("noise").complex_normal(layout.samples + 400) * 10 ** (-snr_db / 20)
    found = []
    for row, generator in zip(noise, rng.child("data").generators(), strict=True):
        payload = generator.bytes(payload_within(layout.phy, USES))
        row[200:-200] += transmit(payload, layout.phy)
        tones = front_end(row, 20)[0].tones
        found.append(transplant.Reception.of(tones, to_tones(coded_bits(payload, layout), layout.phy)))
    return found


@pytest.mark.parametrize(("snr_db", "kept"), [(6.0, 3), (20.0, 8), (29.0, 12)])
def test_over_awgn_each_scheme_fares_as_its_waterfall_says(snr_db, kept):
    lost = transplant.lost(receptions(snr_db), layouts(), Rng.seeded(0).of(ITEMS), 20)
    assert not lost[:kept].any() and lost[kept:].all()


def test_what_is_not_decoded_would_be_lost(monkeypatch):
    found = receptions(17.0)
    quick = transplant.lost(found, layouts(), Rng.seeded(0).of(ITEMS), 20)
    monkeypatch.setattr(transplant, "HOPELESS_DB", np.inf)
    assert (transplant.lost(found, layouts(), Rng.seeded(0).of(ITEMS), 20) == quick).all()


def test_the_tones_that_were_sent_come_back_from_gain_and_error():
    layout = layouts()[4]
    sent = to_tones(coded_bits(b"abc" * 100, layout), layout.phy)
    met = transplant.Reception.of(transplant.Equalised(1.1j * sent, np.ones(sent.shape[1], np.float32)), sent)
    assert np.allclose(met.gain, 1.1j, atol=1e-5) and np.abs(met.error).max() < 1e-5
