"""A session: a link used again and again, with feedback that is paid for and memory that is passed on."""

from dataclasses import replace

import torch
from torch import Tensor

from gensc.batch import Batch
from gensc.errors import InputError
from gensc.link import Link, Outcome
from gensc.signal import MAIN, Cost, Delivery, State, bytes_of
from gensc.transport import Transport

ASK, ENOUGH = b"\x01", b"\x00"


class Session:
    """``rounds`` transmissions of the same items at most: after each the receiver asks for another one of the items
    that it is less than ``confident`` of (``Task.confidence``).

    ``feedback``: the transport, of bytes, that carries each item's byte back, over its own channel; what that costs is
    paid for every item, and a request that is lost is not answered. None: one round has no feedback, and several need
    it.

    >>> from gensc import Rng, channel, codec, task, transport
    >>> link = Link(codec.Modules(torch.nn.Flatten(), torch.nn.Identity(), (3, 8, 8)),
    ...             transport.Symbols(channel.AWGN()), task.Classify(4, "2xfc")).eval()
    >>> session = Session(link, rounds=2, confident=0.9, feedback=transport.Digital(uses=160, mcs=0))
    >>> batch = Batch(torch.rand(3, 3, 8, 8), torch.arange(3), {"label": torch.tensor([0, 1, 2])})
    >>> first, second = session.run(batch, State.of(20.0, 3, Rng.seeded(0)))
    >>> first.delivery.cost.uses.tolist(), second.delivery.cost.uses.tolist()
    ([96.0, 96.0, 96.0], [352.0, 352.0, 352.0])
    """

    def __init__(self, link: Link, rounds: int = 1, confident: float = 0.9, feedback: Transport | None = None) -> None:
        if rounds < 1 or not 0 <= confident <= 1:
            raise InputError(f"session: rounds is {rounds} and confident {confident}; expected 1 round or more and a "
                             "confidence between 0 and 1")
        if rounds > 1 and feedback is None:
            raise InputError("session: several rounds need feedback from the receiver: give a transport of bytes, e.g. "
                             "transport.Digital(uses=160)")
        if feedback is not None:
            feedback.bind({MAIN: None})
        self.link, self.rounds, self.confident, self.feedback = link, rounds, confident, feedback

    def run(self, batch: Batch, state: State) -> list[Outcome]:
        """What the receiver has after each round, and what it cost up to there, feedback included. The ends begin with
        ``state.memory``; the last outcome has what they keep."""
        outcomes = [self.link(batch, state)]
        for number in range(1, self.rounds):
            asked = self._asked(outcomes[-1])
            if not bool(asked.any()):
                break
            repeated, back = self._requested(asked, state.child("feedback", number))
            again = replace(state.child("round", number), round=number, memory=outcomes[-1].memory)
            outcomes.append(self._together(outcomes[-1], self.link(batch, again), repeated, back))
        return outcomes

    def _asked(self, outcome: Outcome) -> Tensor:
        """Which items the receiver wants again, bool [B]."""
        confidence = self.link.task.confidence(outcome.prediction)
        if confidence is None:
            raise InputError(f"session: task {type(self.link.task).__name__.lower()} can't say how sure it is: use "
                             "rounds = 1, or a task that can, such as classify")
        return confidence < self.confident

    def _requested(self, asked: Tensor, state: State) -> tuple[Tensor, Cost]:
        """Which requests reach the sender, bool [B], and the cost of the bytes that carry them."""
        assert self.feedback is not None, "several rounds have feedback"
        data = tuple(ASK if one else ENOUGH for one in asked.tolist())
        delivery: Delivery = self.feedback.eval()({MAIN: data}, state)
        heard = torch.tensor([one == ASK for one in bytes_of(delivery.main, "session")], device=asked.device)
        return heard, delivery.cost

    def _together(self, first: Outcome, second: Outcome, repeated: Tensor, back: Cost) -> Outcome:
        """Both rounds as one outcome; an item that was not repeated costs nothing in the second."""
        cost, more = first.delivery.cost, second.delivery.cost
        device = cost.uses.device
        share = repeated.to(device).float()
        more = Cost(more.uses * share, more.bits * share, more.seconds * share)
        ok = first.delivery.ok | (second.delivery.ok & repeated.to(first.delivery.ok.device))
        delivery = Delivery(second.delivery.parts, ok, cost + more + back.to(device))
        prediction = self.link.task.merged(first.prediction, second.prediction, repeated)
        return Outcome(prediction, delivery, second.memory)
