"""gensc bench qnn, qubit, qubit-accuracy, cvqkd, kernel: what they print, write and refuse."""

import csv

import pytest

from gensc.bench.qnn import Size
from helpers import call, refused, save_pictures, tiny_toml

SVG = "<?xml"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "cache"))


def table(file):
    with file.open() as opened:
        return list(csv.DictReader(opened))


def test_qubit_prints_rates_and_thresholds(tmp_path):
    out, plot = tmp_path / "rates.csv", tmp_path / "rates.svg"
    said = call("bench", "qubit", "--shots", 1000, "--out", out, "--plot", plot)
    assert said.code == 0, said.err
    rates, thresholds = said.out.split("\n\n")
    assert len(rates.splitlines()) == 1 + len(table(out)) == 97
    assert len({len(line) for line in rates.splitlines()}) == 1
    assert ["steane", "bit_flip", "21", "p^2", "0.0646"] in [line.split() for line in thresholds.splitlines()]
    assert plot.read_text().startswith(SVG)


def test_cvqkd_prints_a_column_for_each_kind(tmp_path):
    out, plot = tmp_path / "keys.csv", tmp_path / "keys.svg"
    said = call("bench", "cvqkd", "--out", out, "--plot", plot)
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    row = next(line.split() for line in lines if line.split()[0] == "25")
    assert row[1:3] == ["5.484e-01", "9.163e-02"] and len(row) == 10 and len(lines) == 32
    assert len({len(line) for line in lines}) == 1
    assert len(table(out)) == 270 and plot.read_text().startswith(SVG)


def test_qnn_prints_a_row_for_each_engine(tmp_path, monkeypatch):
    grown = [Size("gensc", "strong", wires, 10, 2**wires, 32, 0.01, 3 << 20, 5 << 20) for wires in (4, 6)]
    monkeypatch.setattr("gensc.bench.qnn.sizes", lambda: iter(grown))
    out, scaling, plot = tmp_path / "rows.csv", tmp_path / "sizes.csv", tmp_path / "qnn.svg"
    command = "bench", "qnn", "--batch", 2, "--repeats", 1, "--no-lightning", "--out", out
    said = call(*command, "--scaling", scaling, "--plot", plot)
    assert said.code == 0, said.err
    rows, sizes = said.out.split("\n\n")
    assert "default.qubit backprop" in rows and "lightning" not in rows and len(rows.splitlines()) == 6
    assert sizes.splitlines()[2].split() == ["gensc", "strong", "6", "32", "10.00", "3.0", "5.0"]
    assert [row["batch"] for row in table(out)] == ["2"] * 5 and [row["wires"] for row in table(scaling)] == ["4", "6"]
    assert plot.read_text().startswith(SVG)


def test_qubit_accuracy_follows_a_trained_link(tmp_path):
    pictures = save_pictures(tmp_path / "pictures")
    file, link = tmp_path / "qubit.toml", tmp_path / "qubit.safetensors"
    qubits = '[link]\ntransport = {name = "qubit", shots = 16}'
    file.write_text(tiny_toml(pictures).replace("[link]", qubits))
    assert call("train", file, "--out", link).code == 0
    out, plot = tmp_path / "accuracy.csv", tmp_path / "accuracy.svg"
    said = call("bench", "qubit-accuracy", link, "--data", f"folder:{save_pictures(tmp_path / 'new', 4, 700)}",
                "--p", "0,0.01,0.1", "--out", out, "--plot", plot)
    assert said.code == 0, said.err
    rows = table(out)
    assert len(said.out.splitlines()) == 1 + len(rows) == 1 + 3 * 7 and {row["items"] for row in rows} == {"12"}
    # A code of n qubits costs what no code costs with n times the copies.
    uses = {(row["correction"], row["shots"]): row["uses"] for row in rows}
    assert uses["steane", "16"] == uses["none", "112"] != uses["none", "16"]
    assert plot.read_text().startswith(SVG)


def test_qubit_accuracy_refuses_other_links(tmp_path):
    pictures = save_pictures(tmp_path / "pictures")
    (tmp_path / "tiny.toml").write_text(tiny_toml(pictures, epochs=1))
    assert call("train", tmp_path / "tiny.toml", "--out", tmp_path / "tiny.safetensors").code == 0
    new = save_pictures(tmp_path / "new", 2, 700)
    refused(call("bench", "qubit-accuracy", tmp_path / "tiny.safetensors", "--data", f"folder:{new}"),
            "link.transport.name = qubit")


@pytest.mark.slow
def test_kernel_prints_a_row_for_each_kernel(tmp_path):
    pytest.importorskip("sklearn")
    out = tmp_path / "kernels.csv"
    said = call("bench", "kernel", "--data", f"folder:{save_pictures(tmp_path / 'pictures', 30)}", "--features", 3,
                "--train", 5, "--test", 2, "--seeds", 1, "--out", out)
    assert said.code == 0, said.err
    rows = table(out)
    assert len(said.out.splitlines()) == 1 + len(rows) == 7 and rows[0]["kernel"] == "rbf"


@pytest.mark.parametrize(("line", "words"), [
    ("qubit --plot rates.png", "ends in .svg"), ("equaliser --plot a.pdf", "ends in .svg"),
    ("qubit-accuracy none.safetensors --data vehicles:20", "none.safetensors"),
    ("qubit-accuracy x --data vehicles:20 --p a,b", "--p is 'a,b'"),
    ("kernel --data folder:nowhere", "nowhere")])
def test_wrong_options_are_refused(line, words):
    refused(call("bench", *line.split()), words)
