"""What a transport leaves to be chosen at each SNR, such as how many items may be lost, chosen on validation items."""

from collections.abc import Sequence

import torch

from gensc.config import Experiment
from gensc.errors import InputError
from gensc.experiment.evaluate import evaluate
from gensc.experiment.feed import Feed
from gensc.link import Link, make
from gensc.rng import Rng
from gensc.signal import Csi, State

FEWEST, MOST = 10, 400
"""Items that a choice is made on."""
PLANNED = 32
"""Items by whose plans two choices are told apart."""


def check_choices(experiments: Sequence[Experiment], held: int) -> None:
    """Raises InputError where a link chooses on validation items and they, ``held`` of them, are too few."""
    for one in experiments:
        channel = make("channel", one.link.channel)
        if held < FEWEST and make("transport", one.link.transport, channel=channel).choices:
            raise InputError(f"the validation set has {held} items, and at least {FEWEST} draws are needed to choose "
                             "how often the classical link may lose one: give more data, a larger data.validation, or "
                             "set link.transport.target, e.g. 0.01")


def tune(link: Link, held: Feed, snr_db: float, csi: Csi, rng: Rng) -> None:
    """Set the link's transport to that of its ``choices``, of which it has some, with the best headline on the items
    of ``held`` at ``snr_db``."""
    transport = link.transport
    measure = link.task.measures[0]
    part = held.part(MOST)
    tried: dict[float, object] = {}
    for choice in transport.choices:
        transport.choose(choice)
        plan = _plan(link, part, snr_db, csi, rng)
        if plan not in tried.values():
            tried[choice] = plan
    quality = {}
    for choice in tried if len(tried) > 1 else ():
        transport.choose(choice)
        columns = evaluate(link, part, snr_db, csi, rng).columns
        quality[choice] = measure.better(link.task.summarise([columns])[measure.name].value)
    transport.choose(max(quality, key=lambda choice: quality[choice]) if quality else next(iter(tried)))


@torch.no_grad()
def _plan(link: Link, feed: Feed, snr_db: float, csi: Csi, rng: Rng) -> object:
    """What the transport would do with the first items, of one shape."""
    positions = next(feed.groups(PLANNED))
    batch = feed.batch(link, positions, [0] * len(positions))
    return link.informed(batch, State.of(snr_db, feed.ids(positions), rng, csi)).plan
