"""From a results folder, finished or not, to tables, plots and one self-contained page."""

from gensc.report.rows import Row, rows
from gensc.report.write import write

__all__ = ["Row", "rows", "write"]
