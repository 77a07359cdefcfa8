"""Tasks: what the receiver does with what it got, how that is trained and how it is scored."""

from gensc.task.base import Task
from gensc.task.classify import Classify

__all__ = ["Classify", "Task"]
