"""The root of the command line, and what its exit codes mean: 0 done, 1 lost, 2 wrong input, 130 stopped."""

import sys

import typer

from gensc.errors import InputError, RunLost

app = typer.Typer(
    help="An open testbed for generative semantic communication.\n\nExample: gensc run table1 --out runs/table1",
    no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None,
)


def main() -> None:
    """The ``gensc`` command."""
    from gensc.cli import bench, channels, data, keys, links, parts, radio, send

    links.add(app)
    parts.add(app)
    data.add(app)
    bench.add(app)
    channels.add(app)
    radio.add(app)
    send.add(app)
    keys.add(app)
    try:
        app()
    except (InputError, RunLost) as error:
        print(f"gensc: {error}", file=sys.stderr)
        sys.exit(2 if isinstance(error, InputError) else 1)
