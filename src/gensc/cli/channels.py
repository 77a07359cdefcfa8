"""The command that learns a channel into a file."""

from pathlib import Path
from typing import Annotated

import typer

from gensc.cli.stop import stopping
from gensc.errors import InputError


def add(app: typer.Typer) -> None:
    """Add this command to the root."""
    app.command("learn-channel")(learn_channel)


def learn_channel(
    name: Annotated[str, typer.Argument(help="awgn, rayleigh, rayleigh-h (h is told), rapp or rician.")],
    out: Annotated[Path, typer.Option(help="The .safetensors file to write.")],
    model: Annotated[str, typer.Option(help="gan, diffusion or gaussian.")] = "gan",
    seed: Annotated[int, typer.Option(help="Seed of the pairs and of the training.")] = 0,
    steps: Annotated[int | None, typer.Option(help="Training steps; the usual number if not given.", min=1)] = None,
) -> None:
    """Learn a channel from a million pairs of what was sent and what arrived, for `--set link.channel.file=FILE`.

    Example: gensc learn-channel rapp --model diffusion --out rapp.safetensors
    """
    from gensc.bench.learned_channel.compare import learned
    from gensc.channel.learned import save
    from gensc.channel.learned.networks import kind_named

    if out.suffix != ".safetensors":
        raise InputError(f"--out {out}: a learned channel is a .safetensors file")
    with stopping("nothing is written"):
        [(trained, card)] = learned(name, [kind_named(model)], seed, steps)
    save(out, trained, card)
    print(out)
