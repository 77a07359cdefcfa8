"""Codes: exact logical error rates as published, Stim's Monte Carlo beside them, logical channels from two sides."""

import itertools

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.quantum.qubit.correction import (
    Code,
    code,
    logical_transfer,
    polynomial,
    pseudo_threshold,
    repetition,
    sample,
    shor,
    steane,
)
from gensc.quantum.qubit.correction.codes import lookup, numbers, rows
from gensc.quantum.qubit.noise import PAULIS, Noise, pauli_kraus
from gensc.rng import Rng

NOISES = ("bit_flip", "phase_flip", "depolarizing")
COUNTED = ("x", "z", "either")
CODES = [code("none"), repetition(3), repetition(5), shor(), steane()]


def pauli_probabilities(matrix: torch.Tensor) -> torch.Tensor:
    """The probabilities float64 [4] of I, X, Y, Z of a Pauli channel's transfer matrix [4,4]."""
    signs = torch.tensor([[1, 1, 1, 1], [1, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]], dtype=torch.float64)
    return signs @ matrix.diagonal() / 4


def ids(one):
    return f"{one.name}{one.n}" if isinstance(one, Code) else str(one)


@pytest.mark.parametrize(("made", "noise", "leading"), [
    (steane(), "bit_flip", (2, 21)), (steane(), "phase_flip", (2, 21)),
    (shor(), "bit_flip", (2, 9)), (shor(), "phase_flip", (2, 27)),
    (repetition(3), "bit_flip", (2, 3)), (repetition(3), "phase_flip", (1, 3)), (repetition(5), "bit_flip", (3, 10)),
], ids=ids)
def test_leading_terms_are_the_published_ones(made, noise, leading):
    assert polynomial(made, noise).leading == leading


@pytest.mark.parametrize(("made", "rate"), [(steane(), 1.578e-3), (shor(), 1.543e-3)], ids=ids)
def test_depolarizing_at_one_percent_is_as_published(made, rate):
    """Any logical error counts: X, Y or Z."""
    assert polynomial(made, "depolarizing", "either").rate(0.01) == pytest.approx(rate, abs=5e-7)


@pytest.mark.parametrize(("made", "thresholds"), [(steane(), (0.0646, 0.0646, 0.0811)),
                                                  (shor(), (0.135, 0.0499, 0.0848))], ids=ids)
def test_pseudo_thresholds_are_as_published(made, thresholds):
    for noise, expected in zip(NOISES, thresholds, strict=True):
        found = pseudo_threshold(made, noise)
        assert found == pytest.approx(expected, abs=5e-4 if expected == 0.135 else 5e-5)
        assert polynomial(made, noise).rate(found) == pytest.approx(found, rel=1e-6)


def test_a_code_that_never_helps_has_no_pseudo_threshold():
    assert pseudo_threshold(repetition(3), "phase_flip") is None
    assert pseudo_threshold(repetition(3), "depolarizing") is None
    assert pseudo_threshold(repetition(3), "bit_flip") == pytest.approx(0.5, abs=1e-6)


@pytest.mark.parametrize("made", CODES, ids=ids)
def test_a_polynomial_is_what_an_independent_list_of_errors_gives(made):
    """All 4^n Pauli strings, decoded, with each string's own probability."""
    p = 0.07
    x_checks, z_checks = rows(made.x_checks, made.n), rows(made.z_checks, made.n)
    bits, phases = lookup(made.z_checks, made.n), lookup(made.x_checks, made.n)
    errors = np.array(list(itertools.product(range(4), repeat=made.n)))
    x, z = (errors == 1) | (errors == 2), (errors == 2) | (errors == 3)
    left_x = x ^ bits[numbers(x @ z_checks.T % 2)]
    left_z = z ^ phases[numbers(z @ x_checks.T % 2)]
    assert not (left_x @ z_checks.T % 2).any() and not (left_z @ x_checks.T % 2).any(), "back in the code space"
    failed = (left_x @ np.array(made.z_logical) % 2 == 1) | (left_z @ np.array(made.x_logical) % 2 == 1)
    weight = (errors > 0).sum(axis=1)
    total = ((p / 3) ** weight * (1 - p) ** (made.n - weight))[failed].sum()
    assert polynomial(made, "depolarizing").rate(p) == pytest.approx(total, rel=1e-12)


@pytest.mark.parametrize("made", CODES, ids=ids)
@pytest.mark.parametrize("noise", NOISES)
def test_the_logical_channel_of_pauli_noise_has_the_polynomials_rates(made, noise):
    """Pauli transfer matrices against counted errors: two independent ways."""
    for p in (0.004, 0.09, 0.6):
        matrix = logical_transfer(made, Noise(noise, p).kraus)
        assert (matrix - torch.diag(matrix.diagonal())).abs().max() < 1e-12, "a Pauli channel"
        _, x, y, z = pauli_probabilities(matrix).tolist()
        for counted, rate in (("x", x + y), ("z", y + z), ("either", x + y + z)):
            assert polynomial(made, noise, counted).rate(p) == pytest.approx(rate, abs=1e-12)


def logical_by_states(made: Code, kraus: torch.Tensor) -> torch.Tensor:
    """The logical transfer matrix from dense matrices: encode, noise, project on each syndrome, correct."""
    n = made.n

    def string(x, z):
        out = torch.ones(1, 1, dtype=torch.complex128)
        for one, other in zip(x, z, strict=True):
            out = torch.kron(out, PAULIS[1 if one else 0] @ PAULIS[3 if other else 0])
        return out

    none = (0,) * n
    checks = [string(none, row) for row in made.z_checks] + [string(row, none) for row in made.x_checks]
    lx, lz = string(made.x_logical, none), string(none, made.z_logical)
    logical = [torch.eye(2**n, dtype=torch.complex128), lx, 1j * lx @ lz, lz]
    split = len(made.z_checks)
    out = torch.zeros(4, 4, dtype=torch.float64)
    for j in range(4):
        start = torch.eye(2**n, dtype=torch.complex128)
        for check in checks:
            start = start @ (torch.eye(2**n) + check) / 2
        struck = logical[j] @ start / 2
        for wire in range(n):
            each = [torch.kron(torch.kron(torch.eye(2**wire), one), torch.eye(2 ** (n - 1 - wire))) for one in kraus]
            struck = sum(one @ struck @ one.mH for one in each)
        for syndrome in itertools.product((0, 1), repeat=n - 1):
            kept = struck
            for bit, check in zip(syndrome, checks, strict=True):
                half = (torch.eye(2**n) + (-1) ** bit * check) / 2
                kept = half @ kept @ half
            bits = np.array(syndrome)
            mend = string(lookup(made.z_checks, n)[int(numbers(bits[None, :split])[0])], none) @ string(
                none, lookup(made.x_checks, n)[int(numbers(bits[None, split:])[0])])
            kept = mend @ kept @ mend.mH
            for i in range(4):
                out[i, j] += (logical[i] @ kept).diagonal().sum().real
    return out


@pytest.mark.parametrize("made", [repetition(3), repetition(5), *[pytest.param(steane(), marks=pytest.mark.slow)]],
                         ids=ids)
@pytest.mark.parametrize("kind", ["amplitude_damping", "depolarizing"])
def test_the_logical_channel_is_that_of_dense_matrices(made, kind):
    kraus = Noise(kind, 0.13).kraus
    assert torch.allclose(logical_transfer(made, kraus), logical_by_states(made, kraus), rtol=0, atol=1e-12)


def test_a_bare_qubit_meets_the_noise_itself():
    kraus = pauli_kraus((0.6, 0.2, 0.05, 0.15))
    matrix = logical_transfer(code("none"), kraus)
    assert pauli_probabilities(matrix).tolist() == pytest.approx([0.6, 0.2, 0.05, 0.15])


@pytest.mark.parametrize("made", [repetition(5), shor(), steane()], ids=ids)
@pytest.mark.parametrize("noise", NOISES)
def test_stim_counts_the_failures_of_the_polynomial(made, noise):
    shots, p = 200_000, 0.03
    for counted in COUNTED:
        found = sample(made, noise, p, shots, Rng.seeded(11, ids(made), noise, counted), counted)
        expected = shots * polynomial(made, noise, counted).rate(p)
        assert found.shots == shots
        assert abs(found.failures - expected) <= 4.5 * expected**0.5 + 1e-9, (found, expected)


@pytest.mark.parametrize("made", [shor(), steane()], ids=ids)
def test_a_million_shots_at_one_percent(made):
    found = sample(made, "depolarizing", 0.01, 1_000_000, Rng.seeded(4, ids(made)))
    expected = 1e6 * polynomial(made, "depolarizing").rate(0.01)
    assert abs(found.failures - expected) < 4 * expected**0.5


@pytest.mark.parametrize("made", CODES, ids=ids)
def test_every_single_error_that_the_distance_allows_is_mended(made):
    for noise in NOISES:
        counts = polynomial(made, noise).counts
        assert counts[0] == 0
        if made.name in ("shor", "steane"):
            assert counts[1] == 0


def test_bad_codes_and_rates_are_refused():
    for length in (1, 4, 13):
        with pytest.raises(InputError, match="odd number from 3"):
            repetition(length)
    with pytest.raises(InputError, match="no code 'surface'"):
        code("surface")
    with pytest.raises(InputError, match="no CSS code"):
        Code("none", (), ((1, 0, 0), (0, 1, 1)), (1, 1, 1), (1, 0, 0))
    with pytest.raises(InputError, match="from 0 to 1"):
        polynomial(steane(), "depolarizing").rate(1.5)
    with pytest.raises(InputError, match="amplitude damping"):
        polynomial(steane(), "amplitude_damping")
    with pytest.raises(InputError, match="Stim samples Pauli"):
        sample(steane(), "amplitude_damping", 0.1, 10, Rng.seeded(0))
    with pytest.raises(InputError, match="from 0 to 1"):
        sample(steane(), "bit_flip", -0.1, 10, Rng.seeded(0))
    with pytest.raises(InputError, match="1 or more shots"):
        sample(steane(), "bit_flip", 0.1, 0, Rng.seeded(0))
