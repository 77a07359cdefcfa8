"""Learned channels beside the true ones."""
