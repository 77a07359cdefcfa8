"""Experiments: train, evaluate, sweep, keep and compare links."""
