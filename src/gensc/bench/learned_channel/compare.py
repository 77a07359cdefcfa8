"""Learned channels beside the true ones: distance of the conditional law, and links trained through them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from gensc.bench.learned_channel import autoencoder
from gensc.bench.learned_channel.distance import distance, uses
from gensc.channel.base import Channel
from gensc.channel.learned import Card, Learned, save
from gensc.channel.learned.networks import Kind, Sampler
from gensc.channel.learned.training import STEPS, learn
from gensc.channel.learned.truth import HIGHEST_DB, LOWEST_DB, WIDEST, Truth, pairs, truth
from gensc.metric.estimate import wilson
from gensc.rng import Rng

MESSAGES = 200_000
LINK_STEPS = 1500


@dataclass(frozen=True)
class Task:
    """The link trained over a channel: ``messages`` in ``uses`` symbols, trained at one SNR, tested at several."""

    messages: int
    uses: int
    trained_db: float
    tested_db: tuple[float, ...]


LINKS = {
    "awgn": Task(16, 2, 8.0, (4.0, 6.0, 8.0, 10.0)),
    "rapp": Task(16, 2, 10.0, (6.0, 8.0, 10.0, 12.0)),
    "rayleigh": Task(2, 2, 12.0, (6.0, 9.0, 12.0, 15.0)),
}


@dataclass(frozen=True)
class Row:
    """One measured figure. ``quantity`` "total variation": ``value`` at an |x| and an SNR, its ``low`` the floor of the
    measure, which as many true samples score. "message errors": the share on the TRUE channel of a link that was
    trained through ``model`` ("true", "classical" beside the learned ones), ``low`` to ``high`` its 95 % interval."""

    channel: str
    model: str
    quantity: str
    snr_db: float
    amplitude: float
    value: float
    low: float
    high: float


def learned(name: str, kinds: Sequence[Kind], seed: int, steps: int | None = None) -> Iterator[tuple[Sampler, Card]]:
    """Models of a channel, learned from the same million pairs, and their cards; ``steps`` None: the usual number."""
    of, rng = truth(name), Rng.seeded(seed, "learned channel", name)
    data, base = pairs(of, rng.child("pairs")), None
    for kind in kinds:
        base = learn(kind, data, rng.child("learn"), STEPS[kind] if steps is None else steps, base)
        yield base, Card(kind, base.hidden, name, of.told, LOWEST_DB, HIGHEST_DB, WIDEST)


def measured(name: str, kinds: Sequence[Kind], seed: int, steps: int | None, with_links: bool) -> Iterator[Row]:
    """Every figure of one channel, models of several kinds learned from the same pairs."""
    through: dict[str, Channel] = {}
    for model, card in learned(name, kinds, seed, steps):
        yield from laws(name, card.kind, model, seed)
        through[card.kind] = as_channel(model, card)
    if with_links and name in LINKS:
        yield from links(name, through, seed)


def shown(rows: list[Row]) -> Iterator[str]:
    """The figures of one channel as lines of text: a line a model, a column an SNR."""
    for quantity in dict.fromkeys(row.quantity for row in rows):
        of = [row for row in rows if row.quantity == quantity]
        snrs = sorted({row.snr_db for row in of})
        yield f"{of[0].channel}: {quantity}"
        yield f"{'':<12}" + "".join(f"{f'{snr_db:g} dB':>26}" for snr_db in snrs)
        for model in dict.fromkeys(row.model for row in of):
            cells = (_cell([row for row in of if row.model == model and row.snr_db == snr_db]) for snr_db in snrs)
            yield f"{model:<12}" + "".join(f"{cell:>26}" for cell in cells)


def _cell(rows: list[Row]) -> str:
    if rows[0].quantity == "total variation":
        value, floor = (sum(getattr(row, name) for row in rows) / len(rows) for name in ("value", "low"))
        return f"{value:.4f} (floor {floor:.4f})"
    return f"{rows[0].value:.5f} ({rows[0].low:.5f}-{rows[0].high:.5f})"


def laws(name: str, kind: str, model: Sampler, seed: int) -> Iterator[Row]:
    """The distances of a model from the truth."""
    of, rng = truth(name), Rng.seeded(seed, "learned channel test", name)
    for use in uses(of, rng):
        found = distance(model, of, use, rng)
        yield Row(name, kind, "total variation", use.snr_db, abs(use.x), found.total_variation, found.floor, 1.0)


def links(name: str, through: dict[str, Channel], seed: int) -> Iterator[Row]:
    """Message errors over the true channel of links trained through each of several channels, from the same start."""
    of, task, rng = truth(name), LINKS[name], Rng.seeded(seed, "learned channel link", name)
    true = of.made()
    for model, channel in {"true": true, **through}.items():
        link = autoencoder.trained(channel, task.messages, task.uses, task.trained_db, rng, LINK_STEPS)
        for snr_db in task.tested_db:
            share = autoencoder.wrong(link, true, snr_db, MESSAGES, rng) / MESSAGES
            yield Row(name, model, "message errors", snr_db, 1.0, share, *wilson(share, MESSAGES))
    for snr_db in task.tested_db:
        share = _classical(of, task, snr_db)
        yield Row(name, "classical", "message errors", snr_db, 1.0, share, share, share)


def as_channel(model: Sampler, card: Card) -> Channel:
    """A model just learned as the channel that its file makes."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "learned.safetensors"
        save(path, model, card)
        return Learned(str(path))


def _classical(of: Truth, task: Task, snr_db: float) -> float:
    if of.channel == "rayleigh":
        return autoencoder.positions(snr_db, task.uses)
    gain = of.amplified(1.0)
    return autoencoder.quadrature(snr_db, abs(gain), task.uses)


def panels(rows: list[Row]) -> dict[str, dict[str, list[tuple[float, float]]]]:
    """Message errors on the true channel over SNR, a panel a channel, a line a model that the link trained through."""
    made: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for row in rows:
        if row.quantity == "message errors":
            made.setdefault(row.channel, {}).setdefault(row.model, []).append((row.snr_db, row.value))
    return made
