"""What a figure is called, its unit, how many digits it is worth, and whether more of it is better."""

from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Measure:
    """A kind of figure, as the task that gives it declares it: its key in ``Task.summarise`` and how it is shown.

    ``unit`` is "%" for a share that is read in percent (its values stay in [0,1]), "dB", or "" for a plain
    number; ``digits`` are the decimals that are shown in that unit. ``perceptual``: a figure of what people
    see, worth a plot of its own beside the headline's. ``chance``: the value that guessing gives, None where there is
    no such thing. ``note``: a sentence on how it is to be read, "" where the name says it all.
    """

    name: str
    shown: str
    unit: str = ""
    digits: int = 4
    more_is_better: bool = True
    perceptual: bool = False
    chance: float | None = None
    note: str = ""

    def of(self, task: str) -> "Measure":
        """The same measure of one task among several: "label.accuracy"."""
        return replace(self, name=f"{task}.{self.name}", shown=f"{task} {self.shown}")

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

    def exact(self, value: float) -> str:
        """The value in a file of numbers, with four decimals or more."""
        return f"{value:.{max(4, self.digits)}f}"

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


_OVER_CLASSES = "F1, recall and precision are means over the classes."
_OF_SETS = "A Fréchet distance is larger, the fewer the pictures: compare those of equally many."
ACCURACY = Measure("accuracy", "accuracy", "%", 1, note="The interval of the accuracy is Wilson's.")
F1 = Measure("f1", "F1", note=_OVER_CLASSES)
RECALL = Measure("recall", "recall", note=_OVER_CLASSES)
PRECISION = Measure("precision", "precision", note=_OVER_CLASSES)
PSNR = Measure("psnr", "PSNR", "dB", 2, note="PSNR is the mean over the pictures of the dB of each.")
SSIM = Measure("ssim", "SSIM", perceptual=True)
MS_SSIM = Measure("ms_ssim", "MS-SSIM", perceptual=True)
LPIPS = Measure("lpips", "LPIPS", more_is_better=False, perceptual=True)
ST_LPIPS = Measure("st_lpips", "ST-LPIPS", more_is_better=False, perceptual=True)
ST_LPIPS_VGG = Measure("st_lpips_vgg", "ST-LPIPS (VGG16)", more_is_better=False, perceptual=True)
CLIP_SCORE = Measure("clip_score", "CLIP score", digits=2, perceptual=True)
CLIP_SIMILARITY = Measure("clip_similarity", "CLIP similarity", digits=2, perceptual=True)
FRECHET_LITE0 = Measure("frechet_lite0", "Fréchet distance (Lite0)", digits=2, more_is_better=False, perceptual=True,
                        note=_OF_SETS)
FID = Measure("fid", "FID", digits=2, more_is_better=False, perceptual=True, note=_OF_SETS)


def capital(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]
