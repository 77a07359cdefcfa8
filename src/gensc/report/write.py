"""Everything that a report is, written into the results folder."""

import re
from pathlib import Path

from rich.console import Console

from gensc.machine import files
from gensc.report import tables, terminal
from gensc.report.gallery import of_results
from gensc.report.page import page, pictures
from gensc.report.plots import plots
from gensc.report.rows import load


def write(out: Path, console: Console | None = None) -> Path:
    """Write OUT/NAME.csv, OUT/NAME.tex, OUT/plots/*.svg and OUT/report.html, and return the page's path.

    The page shows the pictures that it finds in OUT/pictures/*.png; of links that deliver pictures a gallery is
    among them.
    Works on what is finished so far; ``console`` gets the table in short. Raises InputError where the folder
    holds no results yet.
    """
    finished = load(out)
    name = re.sub(r"[^\w.-]+", "_", finished.experiment.name)
    drawn = plots(finished)
    files.write_text(out / f"{name}.csv", tables.csv_text(finished.rows))
    files.write_text(out / f"{name}.tex", tables.latex(finished))
    for plot in drawn:
        files.write_text(out / "plots" / f"{plot.name}.svg", plot.svg)
    sheet = of_results(out, finished.rows)
    if sheet is not None:
        files.write_with(out / "pictures" / "gallery.png", lambda temporary: sheet.save(temporary, format="PNG"))
    path = out / "report.html"
    toml = (out / "experiment.toml").read_text(encoding="utf-8")
    files.write_text(path, page(finished, drawn, toml, pictures(out / "pictures")))
    if console is not None:
        terminal.show(finished, console)
    return path
