"""Quantum error correction: codes, exact logical error rates and channels, sampling through Stim."""

from gensc.quantum.qubit.correction.codes import Code, Name, code, repetition, shor, steane
from gensc.quantum.qubit.correction.logical import logical_transfer
from gensc.quantum.qubit.correction.rates import Counted, Errors, Polynomial, polynomial, pseudo_threshold
from gensc.quantum.qubit.correction.sampling import Sampled, sample

__all__ = ["Code", "Counted", "Errors", "Name", "Polynomial", "Sampled", "code", "logical_transfer",
           "polynomial", "pseudo_threshold", "repetition", "sample", "shor", "steane"]
