"""Incremental redundancy: between the outage bound of its rounds and one shot, paid in both directions."""

import math

import pytest
import torch

from gensc.channel import AWGN, Rayleigh
from gensc.errors import InputError
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.transport import Digital
from gensc.transport.harq import Harq
from gensc.units import db_to_ratio

ITEMS, USES, MCS = 400, 128, 8


def sent(transport, snr_db, seed=3):
    transport.eval().bind({MAIN: None})
    state = transport.inform(State.of(snr_db, ITEMS, Rng.seeded(seed)))
    data = tuple(next(Rng.seeded(1).of([i]).generators()).bytes(state.budget[i]) for i in range(ITEMS))
    out = transport({MAIN: data}, state)
    assert all(one is None or one == wanted for one, wanted in zip(out.main, data, strict=True))
    return out, 8 * len(data[0])


def goodput(out, bits):
    return float(out.ok.float().sum()) * bits / float(out.cost.uses.sum())


@pytest.mark.parametrize(("snr_db", "gain"), [(0.0, 10.0), (5.0, 1.5)])
def test_over_block_fading_it_carries_more_than_one_shot(snr_db, gain):
    """One shot sends the same first round; more rounds reach what the deep fades keep from it."""
    harq, once = (sent(one, snr_db) for one in (Harq(Rayleigh(), USES, 4, MCS), Digital(Rayleigh(), USES, mcs=MCS)))
    assert goodput(*harq) > gain * goodput(*once)
    assert harq[0].ok.float().mean() > once[0].ok.float().mean() + 0.3


@pytest.mark.parametrize("rounds", [1, 2, 4])
def test_no_more_arrive_than_the_outage_bound_allows_and_not_many_fewer(rounds):
    """A block of rate R is out where the mutual information of its rounds is below it: of Gaussian inputs above, of
    this code within 3 dB (Caire and Tuninetti, 2001)."""
    snr_db = 5.0
    out, _ = sent(Harq(Rayleigh(), USES, rounds, MCS, feedback=64), snr_db)
    arrived = float(out.ok.float().mean())
    gains = Rng.seeded(11).of(1).complex_normal(200_000, rounds)[0].abs().square()
    rate = 8 * Harq(Rayleigh(), USES, rounds, MCS).block.data / USES

    def reached(db):
        return float((torch.log2(1 + gains * db_to_ratio(db)).sum(dim=1) >= rate).float().mean())

    spread = 3.5 * math.sqrt(0.25 / ITEMS)
    assert reached(snr_db - 3.0) - spread < arrived < reached(snr_db) + spread


def test_rounds_are_paid_and_an_easy_channel_needs_one():
    easy, _ = sent(Harq(AWGN(), USES, 4, MCS, feedback=8), 20.0)
    assert torch.equal(easy.cost.uses, torch.full((ITEMS,), USES + 8.0))
    hard, _ = sent(Harq(AWGN(), USES, 3, MCS, feedback=8), -20.0)
    assert not hard.ok.any()
    # The last round is not answered: nothing would follow.
    assert hard.cost.uses.max() == 3 * USES + 2 * 8


def test_answers_can_be_misheard():
    """At -3 dB one BPSK use is wrong with probability 0.16: blocks are given up, or sent again in vain."""
    noisy, _ = sent(Harq(AWGN(), 3 * USES, 4, 0, feedback=1), -3.0)
    sure, _ = sent(Harq(AWGN(), 3 * USES, 4, 0, feedback=32), -3.0)
    assert sure.ok.float().mean() > noisy.ok.float().mean() + 0.01 or sure.cost.uses.std() < noisy.cost.uses.std()
    assert sure.ok.all()


@pytest.mark.parametrize(("options", "message"), [
    ({"uses": 4}, "hold 0 bytes beside the CRC"), ({"uses": 5000, "mcs": 20}, "expected 3 to 478"),
    ({"rounds": 0}, "rounds 0"), ({"mcs": 44}, "mcs is 44")])
def test_blocks_that_can_not_be_are_refused(options, message):
    with pytest.raises(InputError, match=message):
        Harq(**options)
