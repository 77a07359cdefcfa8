"""gensc bench ldpc: what it prints, what it writes, and what it refuses."""

import pytest

from helpers import call, refused


@pytest.mark.slow
def test_ldpc_prints_both_decoders_and_their_ratio() -> None:
    said = call("bench", "ldpc", "--code", "648:5/6", "--seconds", "1")
    assert said.code == 0
    name, _, ours, sionna, ratio, mine, theirs = said.out.splitlines()[-1].split()
    assert name == "648:5/6" and float(ratio) == pytest.approx(float(ours) / float(sionna), rel=0.02, abs=1)
    assert 0 <= float(mine) < 0.1 and 0 <= float(theirs) < 0.1


@pytest.mark.slow
def test_the_loss_table_keeps_what_it_holds(tmp_path) -> None:
    out = tmp_path / "loss.csv"
    given = ("bench", "ldpc", "--loss", "--frames", "100", "--out", out)
    assert call(*given, "--code", "648:5/6").code == 0
    first = out.read_text()
    assert call(*given, "--code", "648:5/6", "--code", "648:3/4").code == 0
    assert out.read_text().startswith(first) and len(out.read_text().splitlines()) == 3


@pytest.mark.parametrize("wrong,words", [
    (("--code", "1000:1/2"), ("1000:1/2", "648:1/2")),
    (("--code", "1944"), ("1944",)),
    (("--code", "648:1/2", "--all"), ("--all", "--code")),
    (("--out", "table.csv"), ("--loss",)),
])
def test_wrong_options_are_refused(wrong, words) -> None:
    refused(call("bench", "ldpc", *wrong), *words)


def test_a_foreign_table_is_left_alone(tmp_path) -> None:
    out = tmp_path / "notes.csv"
    out.write_text("my notes\n")
    refused(call("bench", "ldpc", "--loss", "--out", out), "notes.csv", "--out")
    assert out.read_text() == "my notes\n"
