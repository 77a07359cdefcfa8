"""Data: what is sent. Sources of items with their truth, their honest split, and batches of them."""

import importlib
from typing import TYPE_CHECKING, Any

from gensc.data.source import Item, Source

if TYPE_CHECKING:
    from gensc.data.dataset import Dataset
    from gensc.data.open import open_source
    from gensc.data.own import of

_HOMES = {"Dataset": "gensc.data.dataset", "of": "gensc.data.own", "open_source": "gensc.data.open"}
__all__ = ["Dataset", "Item", "Source", "of", "open_source"]


def __getattr__(name: str) -> Any:
    """Names are imported when first used, so that what needs an ``Item`` alone does not wait for torch."""
    if name not in _HOMES:
        raise AttributeError(f"module 'gensc.data' has no attribute {name!r}")
    return getattr(importlib.import_module(_HOMES[name]), name)
