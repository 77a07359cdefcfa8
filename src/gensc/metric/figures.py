"""What a figure is called, its unit, how many digits it is worth, and whether more of it is better."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Measure:
    """A kind of figure: its key in ``Task.summarise`` and how it is shown.

    ``unit`` is "%" for a share that is read in percent (its values stay in [0,1]), "dB", or "" for a plain
    number; ``digits`` are the decimals that are shown in that unit. ``perceptual``: a figure of what people
    see, worth a plot of its own beside the headline's.
    """

    name: str
    shown: str
    unit: str = ""
    digits: int = 4
    more_is_better: bool = True
    perceptual: bool = False

    def scaled(self, value: float) -> float:
        """The value in the unit that it is shown in."""
        return 100 * value if self.unit == "%" else value

    def number(self, value: float) -> str:
        """The value in its unit, without it: "78.1", "27.31"."""
        return f"{self.scaled(value):.{self.digits}f}"

    def said(self, value: float) -> str:
        """The value with its unit: "78.1 %", "27.31 dB"."""
        return f"{self.number(value)} {self.unit}".rstrip()

    def plain(self, value: float) -> str:
        """The value in a table of numbers, where a share stays a share: "0.7812", "27.31"."""
        return f"{value:.4f}" if self.unit == "%" else self.number(value)

    @property
    def head(self) -> str:
        """The head of a table's column of ``plain`` values: "Accuracy", "PSNR (dB)"."""
        return f"{capital(self.shown)} ({self.unit})" if self.unit not in ("", "%") else capital(self.shown)

    @property
    def title(self) -> str:
        """The name where it starts a line: "Accuracy", "PSNR"."""
        return capital(self.shown)

    def better(self, value: float) -> float:
        """A number that is larger, the better the value is."""
        return value if self.more_is_better else -value

    @property
    def best(self) -> str:
        """The word for the best value: "highest" or "lowest"."""
        return "highest" if self.more_is_better else "lowest"


_KNOWN = {measure.name: measure for measure in (
    Measure("accuracy", "accuracy", "%", 1),
    Measure("f1", "F1"),
    Measure("psnr", "PSNR", "dB", 2),
    Measure("ssim", "SSIM", perceptual=True),
    Measure("ms_ssim", "MS-SSIM", perceptual=True),
    Measure("lpips", "LPIPS", more_is_better=False, perceptual=True),
    Measure("st_lpips", "ST-LPIPS", more_is_better=False, perceptual=True),
    Measure("clip_score", "CLIP score", digits=2, perceptual=True),
    Measure("clip_similarity", "CLIP similarity", digits=2, perceptual=True),
    Measure("frechet_lite0", "Fréchet distance (Lite0)", digits=2, more_is_better=False, perceptual=True),
    Measure("fid", "FID", digits=2, more_is_better=False, perceptual=True),
)}
_LESS_IS_BETTER = frozenset(("ber", "bler", "cer", "dists", "distance", "error", "errors", "fid", "loss", "lpips",
                             "mae", "mse", "nmse", "per", "rmse", "ser", "wer"))


def measure(name: str) -> Measure:
    """The measure of a figure. One that gensc does not know is a plain number under its own name, in dB where
    the name ends in "_db"; less of it is better where a word of the name says so ("error", "loss", "mse", ...)."""
    if name in _KNOWN:
        return _KNOWN[name]
    words = name.split("_")
    decibels = len(words) > 1 and words[-1] == "db"
    shown = " ".join(words[:-1] if decibels else words)
    return Measure(name, shown, "dB" if decibels else "", 2 if decibels else 4,
                   more_is_better=_LESS_IS_BETTER.isdisjoint(words))


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]
