"""Data sets written out for others: noise-augmented features, rendered pictures, an overview of a source."""

from gensc.export.augmented import export
from gensc.export.overview import Overview, look
from gensc.export.rendered import make

__all__ = ["Overview", "export", "look", "make"]
