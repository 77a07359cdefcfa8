"""Commands about key that is used once: keys create, fill, left."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gensc.cli.stop import stopping
from gensc.errors import InputError, RunLost

if TYPE_CHECKING:
    from gensc.quantum.key.cvqkd.session import Session

EFFICIENCY = 0.92
"""Of reconciliation, at which the modulation is set: the code's frames nearly always decode there."""


def add(app: typer.Typer) -> None:
    """Add these commands to the root."""
    keys = typer.Typer(help="Key stores of sealed links: every byte is handed out once.", no_args_is_help=True)
    for command in (create, fill, left):
        keys.command()(command)
    app.add_typer(keys, name="keys")


def create(
    alice: Annotated[Path, typer.Argument(metavar="ALICE", help="The sender's key store, a new file.")],
    bob: Annotated[Path, typer.Argument(metavar="BOB", help="The receiver's key store, a new file.")],
) -> None:
    """Make the two key stores of a sealed link, empty.

    Example: gensc keys create alice.keys bob.keys
    """
    from gensc.quantum.key.keystore import KeyStore

    _two(alice, bob)
    for path in (alice, bob):
        if path.exists():
            raise InputError(f"{path} is there already: name a new file")
    KeyStore.create(alice, "sender")
    KeyStore.create(bob, "receiver")
    print(alice, bob, sep="\n")


def fill(
    alice: Annotated[Path, typer.Argument(metavar="ALICE", help="The sender's key store.")],
    bob: Annotated[Path, typer.Argument(metavar="BOB", help="The receiver's key store.")],
    km: Annotated[float, typer.Option(help="Length of the fibre, 0.2 dB a km.", min=0)],
    pulses: Annotated[int, typer.Option(help="Pulses to send; half of them are spent on estimation.", min=1)],
    seed: Annotated[int | None, typer.Option(help="Draw everything from this seed, so that the run comes out again: "
                                                  "the key is not secret, and the stores say so.", min=0,
                                             max=2**63 - 1)] = None,
) -> None:
    """Run CV-QKD over simulated pulses and add the key to both stores. Everything random comes from the operating
    system: it is as secret as this machine.

    Example: gensc keys fill alice.keys bob.keys --km 25 --pulses 10000000
    """
    from gensc.quantum.key.keystore import KeyStore

    _two(alice, bob)
    stores = KeyStore(alice), KeyStore(bob)
    # Adding nothing says where the next key will stand.
    if stores[0].add(b"", seed) != stores[1].add(b"", seed):
        raise InputError(f"{alice} and {bob} were not filled with the same key: make two new ones with "
                         "`gensc keys create`")
    with stopping("no key is added"):
        done = _session(km, pulses, seed)
    print("\n".join(_shown(done)))
    if not done.key_bits:
        enough = f"; by this estimate {done.block:.2g} pulses would do" if done.block else ""
        raise RunLost(f"there is no key, nothing is added: {done.rate.reason}{enough}")
    for store, key in zip(stores, (done.alice_key, done.bob_key), strict=True):
        store.add(key, seed)
        print(f"{store.path}: {store.left:,} bytes left")
    if seed is not None:
        print(f"This key is repeatable, not secret: it was drawn from seed {seed}.")


def left(file: Annotated[Path, typer.Argument(metavar="FILE", help="A key store.")]) -> None:
    """Say how many bytes of key are not spent.

    Example: gensc keys left alice.keys
    """
    from gensc.quantum.key.keystore import KeyStore

    store = KeyStore(file)
    print(f"{store.left:,} bytes left")
    if store.seeds:
        print(f"Repeatable, not secret: it was filled from seed {', '.join(map(str, store.seeds))}.")


def _two(alice: Path, bob: Path) -> None:
    if alice.resolve() == bob.resolve():
        raise InputError(f"{alice} was named twice: each end has a key store of its own")


def _session(km: float, pulses: int, seed: int | None) -> "Session":
    import os
    import secrets

    from gensc.quantum.key.cvqkd.rate import Setup, fibre
    from gensc.quantum.key.cvqkd.session import Plan, matched, run
    from gensc.rng import Rng

    plan = Plan(matched(Setup(1, fibre(km)), 0.2, EFFICIENCY), pulses, code_rate="1/5")
    if seed is None:
        return run(plan, Rng(secrets.randbits(128)), secret=os.urandom)
    rng = Rng.seeded(seed, "session")
    return run(plan, rng, secret=next(rng.child("key").generators()).bytes)


def _shown(done: "Session") -> list[str]:
    given, setup = done.given, done.plan.setup
    rows = [("modulation", f"{setup.v_a:.4g}", "shot-noise units"),
            ("T", f"{given.transmittance:.5f}", _interval(given.transmittance_interval(), setup.transmittance)),
            ("xi", f"{given.xi:.5f}", _interval(given.xi_interval(), setup.xi)),
            ("efficiency", f"{done.efficiency:.4f}", "of reconciliation"),
            ("frames lost", f"{done.failed}", f"of {done.frames}"),
            ("leaked", f"{done.leaked:,}", "bits, public"),
            ("key", f"{done.key_bits:,}", f"bits, {done.rate.bits:.3g} a pulse")]
    return [f"{name:<14}{value:>12}  {more}" for name, value, more in rows]


def _interval(ends: tuple[float, float], true: float) -> str:
    return f"95 %: {ends[0]:.5f} to {ends[1]:.5f}; simulated {true:.5f}"
