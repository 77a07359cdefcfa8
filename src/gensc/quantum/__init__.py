"""Circuits, noise, codes and keys: what is quantum of a link, without its semantics."""
