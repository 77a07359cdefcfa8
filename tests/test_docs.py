"""What the docs show runs: the examples of docstrings, the code of docs/own-loop.md, the notebook."""

import doctest
import importlib
import json
import pkgutil
import re
from pathlib import Path

import matplotlib
import pytest
import torch

import gensc

ROOT = Path(__file__).parents[1]
OUTSIDE = ("gensc.channel._gnuradio.flowgraph",)
"""Runs inside a GNU Radio process."""


def with_examples() -> list[str]:
    names = ["gensc"]
    for found in pkgutil.walk_packages(gensc.__path__, "gensc."):
        if found.name not in OUTSIDE:
            path = ROOT / "src" / found.name.replace(".", "/")
            file = path / "__init__.py" if found.ispkg else path.with_suffix(".py")
            if ">>> " in file.read_text(encoding="utf-8"):
                names.append(found.name)
    return names


@pytest.mark.parametrize("name", with_examples())
def test_the_examples_of_docstrings_run(name):
    with torch.random.fork_rng():
        torch.manual_seed(0)
        result = doctest.testmod(importlib.import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert result.attempted and not result.failed


def test_the_own_loop_of_the_docs_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "own-loop.md").read_text(encoding="utf-8"), re.S)
    names: dict = {}
    for block in blocks:
        exec(compile(block, "docs/own-loop.md", "exec"), names)
    assert len(blocks) == 4 and names["loss"].isfinite()
    assert "psnr" in capsys.readouterr().out


def test_the_notebook_runs_from_picture_to_plot(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path))
    matplotlib.use("Agg")
    notebook = json.loads((ROOT / "examples" / "first_link.ipynb").read_text(encoding="utf-8"))
    names: dict = {}
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            exec(compile("".join(cell["source"]), "first_link.ipynb", "exec"), names)
    first, last = names["history"].losses[0], names["history"].losses[-1]
    assert last[0] < 0.6 * first[0]
    links = {"own": names["mine"], "packaged": names["trained"]}
    figures = {name: [one.figure.value for one in gensc.evaluate(link, list(names["pictures"][32:]), [0.0, 20.0])
                      if one.metric == "psnr"] for name, link in links.items()}
    assert figures["packaged"][1] > figures["packaged"][0] + 2 and figures["own"][1] > 15
