"""Metrics: pure functions, each figure with its interval and its number of items and seeds."""

from gensc.metric.estimate import Estimate

__all__ = ["Estimate"]
