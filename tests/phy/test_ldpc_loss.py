"""The fast decoder against Sionna's 20-iteration sum-product decoder on the same LLRs, and the command for it."""

import csv
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

from gensc.bench.ldpc import frames, ours, sum_product, waterfall_db, wrong
from gensc.bench.ldpc_loss import Loss, measure, read
from gensc.bench.output import write_csv
from gensc.errors import InputError
from gensc.phy.ldpc import NAMES, code

TABLE = Path(__file__).parents[2] / "docs" / "measured" / "ldpc_loss.csv"


def test_no_more_frames_are_lost_than_by_sum_product() -> None:
    """At a BLER of about 0.1 the same 500 frames; of those that one decoder alone loses at most half are ours.

    A loss of 0.1 dB would be 1.3 times the frames here: McNemar's test at 1e-4.
    """
    one = code(648, "5/6")
    bits, llr = frames(one, 2.5, range(500))
    mine, theirs = (wrong(decoder(one)(llr), bits) for decoder in (ours, sum_product))
    assert 20 < theirs.sum() < 150
    only_mine, only_theirs = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
    assert only_mine <= binom.ppf(1 - 1e-4, only_mine + only_theirs, 0.5)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["648:1/2", "1296:2/3", "1944:3/4"])
def test_the_loss_is_at_most_a_tenth_of_a_decibel(name: str) -> None:
    length, rate = name.split(":")
    found = measure(code(int(length), rate), trials=700)
    assert found.loss_db <= 0.1
    assert found.loss_high_db - found.loss_low_db < 0.4


def test_the_measured_table_holds_every_code_within_a_tenth_of_a_decibel() -> None:
    rows = read(TABLE)
    assert sorted(row.code for row in rows) == sorted(NAMES)
    assert all(row.loss_high_db <= 0.1 and row.frames >= 4000 for row in rows)


def test_our_decoder_is_still_the_one_of_the_table() -> None:
    """The table's SNR at a BLER of 1e-2, found again on other frames, to 0.15 dB."""
    row = next(row for row in read(TABLE) if row.code == "648:2/3")
    assert waterfall_db(code(648, "2/3"), trials=1000) == pytest.approx(row.ours_db, abs=0.15)


def test_frames_do_not_depend_on_their_company() -> None:
    one = code(648, "1/2")
    bits, llr = frames(one, 1.0, range(10))
    again = frames(one, 1.0, range(7, 9))
    assert np.array_equal(again[0], bits[7:9]) and np.array_equal(again[1], llr[7:9])


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    rows = [Loss("648:1/2", -1.0, -0.9, -0.1, -0.15, -0.05, 8000), Loss("648:5/6", 3.1, 3.2, -0.1, -0.2, 0.0, 400)]
    path = tmp_path / "loss.csv"
    assert read(path) == []
    write_csv(rows, path)
    assert read(path) == rows
    with path.open() as file:
        assert next(csv.reader(file)) == ["code", "ours_db", "sionna_db", "loss_db", "loss_low_db", "loss_high_db",
                                          "frames"]
    for foreign in ("", "code,snr\n1,2\n", "\x00", path.read_text().replace("400", "x")):
        path.write_text(foreign)
        with pytest.raises(InputError, match="--out"):
            read(path)
    with pytest.raises(InputError, match="--out"):
        read(tmp_path)
