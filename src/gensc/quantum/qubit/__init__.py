"""Qubits as a carrier: noise, teleportation, correction, readout."""
