"""A link that learns its own symbols: messages in n uses, trained by gradients through a channel."""

import math

import torch
from torch import Tensor, nn

from gensc import units
from gensc.channel.base import Channel
from gensc.channel.learned.networks import perceptron
from gensc.machine.progress import track
from gensc.rng import Rng
from gensc.signal import Signal, State

BATCH = 512


class Autoencoder(nn.Module):
    """``messages`` messages as ``uses`` complex symbols of mean power 1 each, and back (O'Shea and Hoydis, IEEE TCCN
    3(4), 2017): the receiver knows N0 only in that it was trained at one SNR."""

    def __init__(self, messages: int, uses: int, hidden: int = 64) -> None:
        super().__init__()
        self.messages, self.uses = messages, uses
        self.encoder = perceptron(messages, hidden, 1, 2 * uses)
        self.decoder = perceptron(2 * uses, hidden, 2, messages)

    def codebook(self) -> Tensor:
        """The symbols of every message, complex64 [messages, uses]."""
        words = self.encoder(torch.eye(self.messages)).unflatten(1, (self.uses, 2))
        power = words.square().sum(dim=2).mean(dim=1)
        return torch.view_as_complex((words * power.rsqrt()[:, None, None]).contiguous())

    def forward(self, message: Tensor, channel: Channel, snr_db: float, rng: Rng) -> Tensor:
        """Logits float32 [N, messages] of messages int64 [N] after a channel, all of them one item's uses."""
        x = self.codebook()[message].reshape(1, -1)
        state = State.of(snr_db, 1, rng)
        y = channel(Signal(x, state.n0), state).x.reshape(-1, self.uses)
        logits: Tensor = self.decoder(torch.view_as_real(y).flatten(1))
        return logits


def trained(channel: Channel, messages: int, uses: int, snr_db: float, rng: Rng, steps: int) -> Autoencoder:
    """An autoencoder after ``steps`` steps on 512 messages each through ``channel`` at one SNR."""
    with rng.child("weights").torch_seeded():
        link = Autoencoder(messages, uses)
    adam = torch.optim.Adam(link.parameters(), lr=5e-3)
    falling = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for at in track(range(steps), "training a link through the channel", steps):
        draws = rng.child("step", at)
        message = drawn(messages, BATCH, draws)
        loss = nn.functional.cross_entropy(link(message, channel, snr_db, draws), message)
        adam.zero_grad(set_to_none=True)
        loss.backward()
        adam.step()
        falling.step()
    return link.requires_grad_(False).eval()


def drawn(messages: int, count: int, rng: Rng) -> Tensor:
    """``count`` uniform messages, int64."""
    return (rng.child("message").of(1).uniform(count)[0].double() * messages).long()


def wrong(link: Autoencoder, channel: Channel, snr_db: float, count: int, rng: Rng) -> int:
    """How many of ``count`` messages the receiver gets wrong."""
    total = 0
    with torch.no_grad():
        for start in range(0, count, 50_000):
            draws = rng.child("test", start)
            message = drawn(link.messages, min(50_000, count - start), draws)
            total += int((link(message, channel, snr_db, draws).argmax(dim=1) != message).sum())
    return total


def quadrature(snr_db: float, gain: float, uses: int) -> float:
    """Error rate of ``uses`` uncoded QPSK symbols over AWGN that meet an amplitude ``gain``."""
    power = units.db_to_ratio(snr_db) * gain**2
    error = float(0.5 * torch.erfc((power / 2).double().sqrt()))
    return float(1 - (1 - error) ** (2 * uses))


def positions(snr_db: float, uses: int) -> float:
    """Error rate of one pulse in one of ``uses`` positions over Rayleigh fading that nobody knows, decided by energy:
    sum_k (-1)^(k+1) C(M-1,k) / (1 + k (1 + M snr)) (Proakis, Digital Communications, 13.1)."""
    snr = uses * float(units.db_to_ratio(snr_db))
    return sum((-1) ** (k + 1) * math.comb(uses - 1, k) / (1 + k * (1 + snr)) for k in range(1, uses))
