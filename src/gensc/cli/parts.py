"""Commands about what there is: list, zoo, doctor."""

import inspect
from typing import Annotated

import typer


def add(app: typer.Typer) -> None:
    """Add these commands to the root."""
    zoo = typer.Typer(help="Pretrained weights: what there is and where it comes from.", no_args_is_help=True)
    zoo.command("list")(zoo_list)
    zoo.command("pull")(zoo_pull)
    app.add_typer(zoo, name="zoo")
    app.command("list")(list_parts)
    app.command()(doctor)


def list_parts(kind: Annotated[str, typer.Argument(help="A kind of part; without it all kinds.")] = "") -> None:
    """List registered parts with their options.

    Example: gensc list channel
    """
    from gensc import registry
    from gensc.experiment import packaged as experiments
    from gensc.zoo import links as shipped

    for one in [kind] if kind else sorted(registry.HOMES):
        for name in registry.names(one):
            made = registry.lookup(one, name)
            summary = (made.__doc__ or "").strip().split("\n")[0]
            print(f"{one:<10} {name:<18} {summary}")
            if kind:
                for option, (wanted, default) in registry.options_of(made).items():
                    given = "must be given" if default is inspect.Parameter.empty else repr(default)
                    print(f"{'':<29} {option} = {given}  ({registry.shown(wanted)})")
    if not kind:
        for name in experiments.NAMED:
            print(f"{'experiment':<10} {name:<18} {(experiments.NAMED[name].__doc__ or '').split('.')[0]}")
        for name in shipped.names():
            print(f"{'link':<10} {name:<18} {shipped.summary(name)}")


def zoo_list() -> None:
    """List the paper's backbones, and the networks of metrics: size, licence, source, whether the weights are here.

    Example: gensc zoo list
    """
    from gensc.zoo.backbones import BACKBONES
    from gensc.zoo.metrics import WEIGHTS

    for weights in (*BACKBONES.values(), *WEIGHTS.values()):
        here = "here" if weights.local() else "missing"
        print(f"{weights.name:<20} {weights.size:>19}  {weights.licence:<13} {here:<8} {weights.network}, "
              f"{weights.source}")
    print("any other timm model works by its timm name once `gensc zoo pull NAME` has its weights")


def zoo_pull(name: Annotated[str, typer.Argument(help="A backbone, our name or timm's, or the network of a "
                                                      "metric.")]) -> None:
    """Download the weights of a backbone, or of the network that a metric looks through.

    Example: gensc zoo pull resnet50
    """
    from gensc.zoo.metrics import WEIGHTS
    from gensc.zoo.network import weights_of

    print((WEIGHTS[name] if name in WEIGHTS else weights_of(name)).pull())


def doctor() -> None:
    """Say what this machine has: versions, cores, weights, caches.

    Example: gensc doctor
    """
    from gensc.cli.health import facts

    for what, found in facts():
        print(f"{what:<22} {found}")
