"""Circuits on a statevector engine, and what is learned with them."""
