"""Figures of codes on noisy qubits: rates, thresholds, and a link's accuracy over p."""

import pytest

from gensc.bench.qubit import (
    accuracy,
    accuracy_panels,
    compared,
    exact_panels,
    logical_rates,
    rate_panels,
    thresholds,
)
from gensc.errors import InputError
from gensc.experiment.feed import open_feed
from gensc.experiment.store import FeatureStore, fill
from gensc.link import Link
from gensc.task import Classify
from gensc.transport import Features, Qubit
from helpers import Means, colours


def test_sampled_rates_lie_about_the_exact_ones():
    rows = list(logical_rates(20_000, (0.02, 0.1)))
    assert len(rows) == 4 * 3 * 2 and {row.qubits for row in rows} == {1, 3, 7, 9}
    spread = [(row.sampled - row.exact) / (row.exact * (1 - row.exact) / row.shots) ** 0.5 for row in rows]
    assert max(map(abs, spread)) < 4.5
    assert all(row.low <= row.sampled <= row.high for row in rows)
    sampled, exact = rate_panels(rows), exact_panels(rows, points=2)
    assert sampled.keys() == exact.keys() == {"bit flip", "phase flip", "depolarizing"}
    for row in rows:
        noise, at = row.noise.replace("_", " "), (0.02, 0.1).index(row.p)
        assert sampled[noise][row.code][at] == (row.p, row.sampled, row.low, row.high)
        assert exact[noise][row.code][at] == pytest.approx((row.p, row.exact))


def test_thresholds_of_every_code_and_noise():
    found = {(row.code, row.noise): row for row in thresholds()}
    assert len(found) == 9
    assert found["steane", "bit_flip"].pseudo_threshold == pytest.approx(0.0646, abs=5e-5)
    assert found["repetition", "phase_flip"].pseudo_threshold is None


def test_accuracy_falls_with_p_and_a_code_holds_it(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    link, data = _trained(), colours(90, first=500)
    feed = _feed(link, data)
    before = link.transport
    rows = list(accuracy(link, feed, (0.0, 0.05, 0.7), (("none", 200), ("steane", 200))))
    got = {(row.correction, row.p): row.accuracy for row in rows}
    assert link.transport is before
    assert got["none", 0.0] == got["steane", 0.0] > 0.9 > got["none", 0.7]
    assert got["steane", 0.05] >= got["none", 0.05] - 0.05
    assert {row.uses for row in rows} == {200 * 5 + 16, 200 * 5 * 7 + 16}
    assert all(row.items == 90 and row.low <= row.accuracy <= row.high for row in rows)
    curves = accuracy_panels(rows)["depolarizing"]
    assert list(curves) == ["none, 200 copies", "steane, 200 copies"]
    assert [point[:2] for point in curves["steane, 200 copies"]] == [
        (p, 100 * got["steane", p]) for p in (0.0, 0.05, 0.7)]


def test_codes_are_set_beside_no_code_at_as_many_qubits():
    own = [("none", 20), ("repetition", 20), ("shor", 20), ("steane", 20)]
    assert compared(_over(Qubit(shots=20, length=5))) == (*own, ("none", 100), ("none", 180), ("none", 140))
    assert compared(_over(Qubit(embedding="bits", shots=1))) == tuple((name, 1) for name, _ in own)


def test_what_does_not_fit_is_refused(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    link = Link(Means(), Features(), Classify(3, "2xfc"))
    with pytest.raises(InputError, match=r"transport\.name = qubit"):
        list(accuracy(link, _feed(link, colours()), (0.1,), (("none", 10),)))
    with pytest.raises(InputError, match=r"transport\.name = qubit"):
        compared(link)


def _over(transport):
    return Link(Means(), transport, Classify(3, "2xfc"))


def _feed(link, data):
    store = FeatureStore()
    for _ in fill([link.codec.front], data, 0, store):
        pass
    return open_feed(link, data, 1, store)


def _trained() -> Link:
    """A link over qubits without noise, its head trained for a moment."""
    import torch

    from gensc.rng import Rng
    from gensc.signal import State

    with torch.random.fork_rng():
        torch.manual_seed(0)
        link = Link(Means(), Qubit(p=0.0, shots=2000), Classify(3, "2xfc"))
    batch = colours(150).batch(range(150))
    optimizer = torch.optim.Adam(link.parameters(), 1e-2)
    for step in range(60):
        optimizer.zero_grad()
        outcome = link(batch, State.of(0.0, 150, Rng.seeded(step)))
        link.task.loss(outcome.prediction, batch).mean().backward()
        optimizer.step()
    return link
