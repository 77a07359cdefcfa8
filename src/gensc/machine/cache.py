"""Where derived data is kept between runs."""

import os
from pathlib import Path


def cache_dir() -> Path:
    """The folder of everything that can be computed again: ``GENSC_CACHE``, else ~/.cache/gensc. Not created
    here."""
    return Path(os.environ.get("GENSC_CACHE") or Path.home() / ".cache" / "gensc")
