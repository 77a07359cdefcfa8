"""Tasks: what the receiver does with what it got, how that is trained and how it is scored."""

from gensc.task.base import Task
from gensc.task.classify import Classify
from gensc.task.reconstruct import Reconstruct
from gensc.task.several import Several

__all__ = ["Classify", "Reconstruct", "Several", "Task"]
