"""The physical layer: modulation, coding, OFDM, synchronisation. It knows no semantics."""
