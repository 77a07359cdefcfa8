"""A folder of pictures, with one sub-folder a class or without classes."""

from pathlib import Path

import numpy as np

from gensc.data import picture
from gensc.data.source import UNCLASSED, Item, Source
from gensc.errors import InputError
from gensc.registry import register

SUFFIXES = frozenset({".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".pgm", ".png", ".ppm", ".tif", ".tiff",
                      ".webp"})


@register("data", "folder")
class Folder(Source):
    """``folder:PATH``: the images of PATH/CLASS/, classes and files in sorted order; where there are no class
    folders, the images of PATH itself: they have no label, and are split as one class, "picture".

    ``argument`` is PATH and ``size`` the working size in pixels, 0 for pictures as they are. Files of other kinds and
    hidden files are left out; folders below a class folder are not entered.

    Raises InputError for a path that is missing, no folder, empty or without images, and for a class of one
    image, which no split can use.
    """

    def __init__(self, argument: str = "", size: int = 224) -> None:
        if not argument:
            raise InputError("folder needs a path: write folder:PATH, with PATH/CLASS/*.jpg (or, for pictures "
                             "without classes, PATH/*.jpg) inside")
        self.spec = f"folder:{argument}"
        self._size = size
        groups = _classes(Path(argument))
        self.columns = ("label",) if groups else ()
        groups = groups or {UNCLASSED: _images(Path(argument))}
        self.classes = tuple(groups)
        self._files = [file for files in groups.values() for file in files]
        self.labels = np.repeat(np.arange(len(groups)), [len(files) for files in groups.values()])
        self._fingerprints: dict[int, str] = {}

    def item(self, index: int) -> Item:
        return Item(picture.decode(self._files[index], self._size), self.truth(index, self.columns))

    def fingerprint(self, index: int) -> str:
        if index not in self._fingerprints:
            self._fingerprints[index] = picture.fingerprint(self._stored(index), self._size)
        return self._fingerprints[index]

    def content(self, index: int) -> str:
        return picture.content(self._stored(index))

    def _stored(self, index: int) -> bytes:
        try:
            return self._files[index].read_bytes()
        except OSError as error:
            raise InputError(f"{self._files[index]}: cannot be read ({error.strerror}); "
                             "restore or remove it") from error

    def where(self, index: int) -> str:
        return str(self._files[index])

    def shape(self, index: int) -> tuple[int, ...]:
        return (self._size, self._size, 3) if self._size else (*self._sides(index), 3)

    def side(self, index: int) -> int:
        return min(self._sides(index))

    def _sides(self, index: int) -> tuple[int, int]:
        return picture.sides(self._files[index], str(self._files[index]))


def _classes(root: Path) -> dict[str, list[Path]]:
    """Class name -> its image files, both sorted; none where the images of ``root`` itself are the items. Folders
    without a single image are no classes; images beside class folders are left out."""
    if not root.exists():
        raise InputError(f"folder:{root}: there is no such path; check it (from {Path.cwd()})")
    if not root.is_dir():
        raise InputError(f"folder:{root}: a file, not a folder; give the folder that holds the class folders or "
                         "the pictures")
    entries = [entry for entry in sorted(root.iterdir()) if not entry.name.startswith(".")]
    if not entries:
        raise InputError(f"folder:{root}: empty; put one folder a class in it, each with its images")
    found = {folder.name: _images(folder) for folder in entries if folder.is_dir()}
    groups = {name: files for name, files in found.items() if files}
    if not groups and not _images(root):
        raise InputError(f"folder:{root}: no images and no class folders with images in it; expected "
                         f"{root}/CLASS/*.jpg or {root}/*.jpg (or {', '.join(sorted(SUFFIXES - {'.jpg'}))})")
    return groups


def _images(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix.lower() in SUFFIXES
                  and not file.name.startswith(".") and file.is_file())
