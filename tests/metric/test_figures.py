"""How figures are shown: names, units, digits, and which way is better."""

import pytest

from gensc.metric.figures import measure


@pytest.mark.parametrize(("name", "value", "said", "plain", "head"), [
    ("accuracy", 0.78125, "78.1 %", "0.7812", "Accuracy"),
    ("psnr", 27.3142, "27.31 dB", "27.31", "PSNR (dB)"),
    ("st_lpips", 0.05678, "0.0568", "0.0568", "ST-LPIPS"),
    ("recall", 0.5, "0.5000", "0.5000", "Recall"),
    ("channel_gain_db", -3.456, "-3.46 dB", "-3.46", "Channel gain (dB)"),
    ("bleu_4", 0.25, "0.2500", "0.2500", "Bleu 4"),
])
def test_values_carry_their_unit(name: str, value: float, said: str, plain: str, head: str) -> None:
    shown = measure(name)
    assert (shown.said(value), shown.plain(value), shown.head) == (said, plain, head)


@pytest.mark.parametrize(("name", "more"), [
    ("psnr", True), ("ms_ssim", True), ("st_lpips", False), ("lpips", False), ("packet_error", False),
    ("frechet_lite0", False), ("fid", False), ("clip_score", True), ("clip_similarity", True),
    ("nmse_db", False), ("bleu_4", True), ("terror_level", True),
])
def test_which_way_is_better(name: str, more: bool) -> None:
    shown = measure(name)
    assert shown.more_is_better is more
    assert (shown.better(0.9) > shown.better(0.1)) is more
    assert shown.best == ("highest" if more else "lowest")


def test_what_people_see_is_marked() -> None:
    assert [name for name in ("psnr", "accuracy", "ssim", "ms_ssim", "st_lpips", "my_score") if measure(name).perceptual
            ] == ["ssim", "ms_ssim", "st_lpips"]
