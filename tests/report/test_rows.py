"""Rows: what is aggregated, how a damaged folder is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from synthetic_results import VALUES, fill, wrong_first

from gensc import config
from gensc.config import EvaluateSpec, Experiment
from gensc.errors import InputError
from gensc.experiment.sweep import Job
from gensc.machine import files
from gensc.metric.estimate import proportion
from gensc.report import rows
from gensc.report.gap import difference
from gensc.report.rows import load


def test_rows_are_ordered_by_scheme_then_snr(small: Path) -> None:
    assert [(row.scheme, row.snr_db) for row in rows(small)] == [(0, 0.0), (0, 10.0), (1, 0.0), (1, 10.0)]


def test_a_row_aggregates_all_seeds(small: Path) -> None:
    at_10_db = rows(small)[1]
    assert at_10_db.seeds == (0, 1)
    # Seed 0 has 7 of 8 right and seed 1 has 6: 13 of 16.
    accuracy = at_10_db.figures["accuracy"]
    assert (accuracy.value, accuracy.items, accuracy.seeds) == (13 / 16, 8, 2)
    assert accuracy == proportion(np.array([np.arange(8) != 0, np.arange(8) > 1]))
    assert at_10_db.confusion is not None
    # Item 0 (class 0) is wrong in both seeds, item 1 (class 1) in seed 1; two items of each class, twice.
    assert at_10_db.confusion.tolist() == [[2, 2, 0, 0], [0, 3, 1, 0], [0, 0, 4, 0], [0, 0, 0, 4]]


def test_the_cost_of_a_row(small: Path) -> None:
    analog = rows(small)[2]
    assert (analog.uses, analog.bits, analog.params_m, analog.receive_ms) == (64.0, 0.0, 4.652, 0.5)
    assert analog.seconds == pytest.approx(64 / 20e6)
    assert analog.cbr == pytest.approx(64 / VALUES)


def test_half_finished_results_are_counted(tmp_path: Path, two_schemes: Experiment) -> None:
    out = fill(tmp_path, two_schemes, lambda job, snr_db, label: label, np.arange(8) % 4, points=3)
    found = load(out)
    assert (found.done, found.planned) == (3, 8)
    assert [(row.snr_db, row.seeds) for row in found.rows] == [(0.0, (0, 1)), (10.0, (0,))]


def test_a_folder_without_results_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no results folder, it has no results\.sqlite"):
        rows(tmp_path)
    assert not (tmp_path / "results.sqlite").exists()


def test_results_without_a_point_are_refused(tmp_path: Path, two_schemes: Experiment) -> None:
    fill(tmp_path, two_schemes, lambda job, snr_db, label: label, np.arange(8) % 4, points=0)
    with pytest.raises(InputError, match="no finished point yet"):
        rows(tmp_path)


def test_a_damaged_results_file_is_refused(small: Path) -> None:
    (small / "results.sqlite").write_bytes(b"not a database, " * 200)
    with pytest.raises(InputError, match="is no results file"):
        rows(small)


def test_an_edited_experiment_is_refused(small: Path, two_schemes: Experiment) -> None:
    edited = dataclasses.replace(two_schemes, seeds=(0, 1, 2))
    files.write_text(small / "experiment.toml", config.to_toml(edited))
    with pytest.raises(InputError, match="is not the experiment whose results"):
        rows(small)


def test_the_gap_is_paired_by_item_and_seed(tmp_path: Path) -> None:
    def predict(job: Job, snr_db: float, label: np.ndarray) -> np.ndarray:
        return wrong_first(label, 2 if job.experiment.link.channel.name == "awgn" else 4)

    schemes = ({"link.channel.name": "awgn"}, {"link.channel.name": "rayleigh"})
    experiment = Experiment(seeds=(0, 1), schemes=schemes, evaluate=EvaluateSpec(snr_db=(10.0,)))
    base, faded = rows(fill(tmp_path, experiment, predict, np.arange(8) % 4))
    gap = difference(faded, base)
    assert gap is not None
    # Items 2 and 3 are lost in both seeds: mean -1/4, variance over items (2 * 9/16 + 6 * 1/16) / 7 = 3/14.
    half = 2.364624251592785 * (3 / 14 / 8) ** 0.5  # Student's with 7 degrees of freedom
    assert (gap.value, gap.low, gap.high) == pytest.approx((-0.25, -0.25 - half, -0.25 + half))
