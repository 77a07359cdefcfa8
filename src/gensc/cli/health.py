"""What a machine has that gensc uses."""

import os
import platform
import shutil
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version

import torch

from gensc.machine.cache import cache_dir
from gensc.zoo.backbones import BACKBONES

PACKAGES = ("gensc", "torch", "torchvision", "timm", "numpy", "numba", "scipy", "pyarrow", "pillow", "datasets")


def facts() -> Iterator[tuple[str, str]]:
    """(what, what was found), a line each."""
    yield "python", platform.python_version()
    for name in PACKAGES:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            yield name, "not installed"
    yield "cores", str(os.cpu_count())
    yield "gpu", torch.cuda.get_device_name() if torch.cuda.is_available() else "none (not needed)"
    free = shutil.disk_usage(_existing(cache_dir())).free
    yield "cache", f"{cache_dir()} ({free / 2**30:.1f} GiB free)"
    for weights in BACKBONES.values():
        found = weights.local()
        yield f"weights {weights.name}", str(found) if found else f"missing: gensc zoo pull {weights.name}"


def _existing(path: os.PathLike[str]) -> str:
    here = os.path.abspath(path)
    while not os.path.exists(here):
        here = os.path.dirname(here)
    return here
