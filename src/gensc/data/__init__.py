"""Data: what is sent. Sources of labelled pictures, their honest split, and batches of them."""

from gensc.data.source import Item, Source

__all__ = ["Item", "Source"]
