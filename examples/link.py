"""A link in Python: describe it, send a few rendered vehicles, change one noun.

    python examples/link.py
"""

import torch

from gensc import Link, Rng, State, channel, codec, task, transport
from gensc.data.dataset import Dataset
from gensc.data.open import open_source


def main() -> None:
    """Send sixteen pictures over two channels and print what it cost and how much noise came with it."""
    source = open_source("vehicles:16")
    batch = Dataset(source, torch.arange(16).numpy()).batch(range(16))
    state = State.of(10.0, batch.item.tolist(), Rng.seeded(0))
    for air in (channel.AWGN(), channel.Rayleigh()):
        link = Link(codec.Backbone("efficientnet_lite0"), transport.Features(air), task.Classify(16)).eval()
        with torch.no_grad():
            sent = link.codec.encode(link.codec.prepared(batch), state)["main"]
            delivery = link.transport({"main": sent}, state)
        unit = sent / sent.square().mean(dim=1, keepdim=True).sqrt()
        error = (delivery.main - unit).square().mean()
        print(f"{type(air).__name__:<10} {delivery.cost.uses[0]:.0f} channel uses, "
              f"{1e6 * delivery.cost.seconds[0]:.1f} us on air, mean square error {error:.3f} of unit power")


if __name__ == "__main__":
    main()
