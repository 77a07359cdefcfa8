"""How figures are shown: names, units, digits, and which way is better."""

import pytest

from gensc.metric import figures
from gensc.metric.figures import Measure

GAIN = Measure("gain_db", "channel gain", "dB", 2)
RARE = Measure("rare_error", "rare error", digits=7, more_is_better=False)


@pytest.mark.parametrize(("shown", "value", "said", "plain", "exact", "head"), [
    (figures.ACCURACY, 0.78125, "78.1 %", "0.7812", "0.7812", "Accuracy"),
    (figures.PSNR, 27.3142, "27.31 dB", "27.31", "27.3142", "PSNR (dB)"),
    (figures.ST_LPIPS, 0.05678, "0.0568", "0.0568", "0.0568", "ST-LPIPS"),
    (figures.RECALL, 0.5, "0.5000", "0.5000", "0.5000", "Recall"),
    (GAIN, -3.456, "-3.46 dB", "-3.46", "-3.4560", "Channel gain (dB)"),
    (RARE, 2.5e-6, "0.0000025", "0.0000025", "0.0000025", "Rare error"),
])
def test_values_carry_their_unit(shown: Measure, value: float, said: str, plain: str, exact: str, head: str) -> None:
    assert (shown.said(value), shown.plain(value), shown.exact(value), shown.head) == (said, plain, exact, head)


@pytest.mark.parametrize(("shown", "more"), [
    (figures.PSNR, True), (figures.SSIM, True), (figures.MS_SSIM, True), (figures.ST_LPIPS, False),
    (figures.LPIPS, False), (figures.FRECHET_LITE0, False), (figures.FID, False), (figures.CLIP_SCORE, True),
    (figures.CLIP_SIMILARITY, True), (figures.ACCURACY, True), (figures.F1, True), (RARE, False), (GAIN, True),
])
def test_which_way_is_better(shown: Measure, more: bool) -> None:
    assert shown.more_is_better is more
    assert (shown.better(0.9) > shown.better(0.1)) is more
    assert shown.best == ("highest" if more else "lowest")


def test_what_people_see_is_marked() -> None:
    named = [value for value in vars(figures).values() if isinstance(value, Measure)]
    assert {one.name for one in named if not one.perceptual} == {"accuracy", "f1", "recall", "precision", "psnr"}
    assert {"ssim", "ms_ssim", "st_lpips", "lpips", "fid"} < {one.name for one in named if one.perceptual}


def test_a_measure_of_one_task_among_several_says_whose_it_is() -> None:
    mine = figures.ACCURACY.of("vehicle")
    assert (mine.name, mine.head, mine.said(0.5)) == ("vehicle.accuracy", "Vehicle accuracy", "50.0 %")
