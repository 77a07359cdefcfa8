"""Payloads on qubits: what arrives, what it cost, and that its odds are those of the quantum mechanics itself."""

import math

import pytest
import torch

from gensc.errors import InputError
from gensc.quantum.qubit.correction import code, polynomial
from gensc.quantum.qubit.noise import Noise
from gensc.quantum.qubit.path import Path
from gensc.quantum.qubit.readout import amplitude_odds, basis
from gensc.quantum.qubit.teleport import distilled
from gensc.registry import create
from gensc.rng import Rng
from gensc.signal import MAIN, State
from gensc.testing import check_transport
from gensc.transport.qubit import Qubit

KINDS = ("bit_flip", "phase_flip", "depolarizing", "amplitude_damping")
CODES = ("none", "repetition", "shor", "steane")


def features(items: int, width: int, seed: int = 6) -> torch.Tensor:
    return Rng.seeded(seed, "features").of(items).normal(width) * torch.arange(1, items + 1)[:, None] + 0.2


def sent(transport: Qubit, payload, seed: int = 0, items=None):
    transport.bind({MAIN: tuple(payload.shape[1:]) if isinstance(payload, torch.Tensor) else None})
    return transport({MAIN: payload}, State.of(0.0, items or len(payload), Rng.seeded(seed, "tests")))


def misfit(received: torch.Tensor, payload: torch.Tensor) -> torch.Tensor:
    """Mean square error of each item, in parts of its energy [B]."""
    return (received - payload).square().sum(dim=1) / payload.square().sum(dim=1)


@pytest.mark.parametrize("options", [
    {"embedding": "angle", "shots": 16}, {"correction": "steane"}, {"teleported": True, "rounds": 2},
    {"noise": "amplitude_damping", "p": 0.2, "correction": "shor"},
], ids=str)
def test_other_settings_keep_the_laws(options):
    check_transport(lambda: create("transport", "qubit", **options))


def amplitude_state(a: torch.Tensor) -> torch.Tensor:
    """(|0>|reference> + |1>|a>)/sqrt 2 with the first qubit turned back by a Hadamard after the noise."""
    return torch.cat([torch.full_like(a, len(a) ** -0.5), a]).to(torch.complex128) / 2**0.5


HADAMARD = torch.tensor([[1, 1], [1, -1]], dtype=torch.complex128) / 2**0.5


@pytest.mark.parametrize("kind", KINDS)
def test_the_odds_of_amplitudes_are_the_density_matrix(kind):
    a = features(1, 8).double()[0]
    a = a / a.norm()
    noise = Noise(kind, 0.17)
    rho = amplitude_state(a)[:, None] * amplitude_state(a).conj()
    for wire, operators in (*((wire, noise.kraus) for wire in range(4)), (0, HADAMARD[None])):
        each = [torch.kron(torch.kron(torch.eye(2**wire), one), torch.eye(2 ** (3 - wire))) for one in operators]
        rho = sum(one @ rho @ one.mH for one in each)
    odds = amplitude_odds(a[None], Path(noise, code("none")).transfer())
    assert torch.allclose(odds.flatten(), rho.diagonal().real, rtol=0, atol=1e-12)


@pytest.mark.parametrize("width", [1, 5, 16])
def test_without_noise_amplitudes_arrive_right_on_average_signs_included(width):
    payload, shots = features(20, width), 4096
    out = sent(Qubit(p=0.0, shots=shots), payload)
    off = (out.main - payload) / payload.norm(dim=1, keepdim=True)
    # The norm is rounded to 0.4 %; shot noise has a variance of (1 + F a^2) / (2 S) - ... at most, a value.
    assert (misfit(out.main, payload) < 4 * width / shots + 2e-5).all()
    assert abs(float(off.mean())) < 4.5 * (2 / shots / off.numel()) ** 0.5 + 0.004
    assert misfit(out.main, payload).mean() < 1.3 * width / shots + 2e-5
    many = sent(Qubit(p=0.0, shots=40 * shots), payload)
    assert misfit(many.main, payload).mean() < misfit(out.main, payload).mean() / 10 + 2e-5


def test_angles_arrive_with_the_noise_of_their_shots():
    payload, shots = features(50, 40), 64
    out = sent(Qubit("angle", p=0.0, shots=shots), payload)
    peak = payload.abs().amax(dim=1, keepdim=True)
    deviation = (out.main - payload) / peak
    variance = (1 - (payload / peak).square()) / shots
    assert float((deviation.square() / variance.clamp_min(1e-3)).mean()) == pytest.approx(1, abs=0.15)
    assert abs(float(deviation.mean())) < 0.01


@pytest.mark.parametrize("kind", KINDS)
def test_angles_shrink_as_the_noise_says(kind):
    """<Z> after each noise, by hand: a bit flip leaves 1 - 2p of it, depolarizing 1 - 4p/3, a decay p + (1 - p) <Z>."""
    p, cosines = 0.2, torch.tensor([[1.0, -1.0, 0.5, 0.0]])
    mean = {"bit_flip": 0.6 * cosines, "phase_flip": cosines, "depolarizing": (1 - 4 * p / 3) * cosines,
            "amplitude_damping": p + (1 - p) * cosines}[kind]
    out = sent(Qubit("angle", noise=kind, p=p, shots=400_000), cosines)
    assert torch.allclose(out.main, mean, rtol=0, atol=0.01)


@pytest.mark.parametrize("depth", [1, 4, 8])
def test_quantised_features_arrive_to_half_a_step(depth):
    payload = features(6, 30)
    out = sent(Qubit("bits", p=0.0, shots=1, depth=depth), payload)
    half = payload.abs().amax(dim=1, keepdim=True) / (2**depth - 1)
    assert ((out.main - payload).abs() <= half * 1.01 + 0.004 * payload.abs().amax(dim=1, keepdim=True)).all()


@pytest.mark.parametrize("correction", CODES)
def test_bits_flip_as_often_as_the_logical_qubit(correction):
    p, data = 0.05, tuple(generator.bytes(3000) for generator in Rng.seeded(2).of(3).generators())
    path = Path(Noise("depolarizing", p), code(correction))
    bits = [torch.zeros(400_000, dtype=torch.uint8), torch.ones(400_000, dtype=torch.uint8)]
    got = basis(bits, path.transfer(), Rng.seeded(3).of(2))
    rate = polynomial(code(correction), "depolarizing", "x").rate(p)
    wrong = int(sum((one != other).sum() for one, other in zip(bits, got, strict=True)))
    assert abs(wrong - 800_000 * rate) < 4.5 * (800_000 * rate) ** 0.5
    assert not sent(Qubit("bits", p=p, shots=1), data).ok.any(), "3,000 bytes at 3 % errors fail their CRC"


def test_bytes_arrive_as_they_were_or_not_at_all():
    data = (b"", b"a", b"\0\0", b"semantic" * 5, bytes(100))
    clean = sent(Qubit("bits", p=0.0, shots=1), data)
    assert clean.main == (None, *data[1:]) and clean.ok.tolist() == [False, True, True, True, True]
    assert clean.cost.bits.tolist() == [8 * len(one) for one in data]
    assert clean.cost.uses.tolist() == [8 * len(one) + 32 for one in data]
    noisy_link = Qubit("bits", p=0.002, shots=1)
    got = [sent(noisy_link, data, seed).main for seed in range(50)]
    assert all(one is None or one == whole for row in got for one, whole in zip(row, data, strict=True))
    lost = sum(row[3] is None for row in got)
    assert 0 < lost < 50
    coded = Qubit("bits", p=0.002, shots=1, correction="steane")
    assert sum(sent(coded, data, seed).main[3] is None for seed in range(50)) < lost


@pytest.mark.parametrize("options", [{"embedding": "bits", "shots": 1}, {"embedding": "angle", "shots": 9}, {}],
                         ids=str)
def test_an_item_meets_the_same_alone_and_in_a_batch(options):
    payload = features(4, 11)
    whole = sent(Qubit(p=0.1, **options), payload, items=[3, 9, 0, 4])
    alone = sent(Qubit(p=0.1, **options), payload[1:2], items=[9])
    assert torch.allclose(alone.main[0], whole.main[1], rtol=1e-5)
    if options.get("embedding") == "bits":
        data = (b"abcd", b"efgh", b"ijkl")
        many = [sent(Qubit(p=0.01, **options), data, seed, [5, 2, 7]).main[1] for seed in range(20)]
        assert many == [sent(Qubit(p=0.01, **options), data[1:2], seed, [2]).main[0] for seed in range(20)]
        assert None in many and data[1] in many


@pytest.mark.parametrize("correction", ["shor", "steane"])
@pytest.mark.parametrize("options", [{"shots": 20_000}, {"embedding": "angle", "shots": 20_000}], ids=str)
def test_below_its_threshold_a_code_brings_the_payload_nearer(correction, options):
    payload = features(10, 16)
    bare = misfit(sent(Qubit(p=0.03, **options), payload).main, payload).mean()
    coded = misfit(sent(Qubit(p=0.03, correction=correction, **options), payload).main, payload).mean()
    assert coded < 0.6 * bare


def test_above_its_threshold_a_code_does_harm():
    payload = features(10, 16)
    bare = misfit(sent(Qubit("angle", p=0.3, shots=5000), payload).main, payload).mean()
    coded = misfit(sent(Qubit("angle", p=0.3, shots=5000, correction="steane"), payload).main, payload).mean()
    assert coded > bare


def test_phase_flips_hurt_amplitudes_by_their_reference_and_bits_not_at_all():
    payload = features(10, 16)
    flipped = sent(Qubit(noise="phase_flip", p=0.5, shots=4096), payload).main
    assert misfit(flipped, payload).min() > 0.9, "no interference, no sign, no value"
    options = {"noise": "phase_flip", "p": 0.5, "shots": 1}
    clean = sent(Qubit("bits", p=0.0, shots=1), payload).main
    assert torch.equal(sent(Qubit("bits", **options), payload).main, clean)


@pytest.mark.parametrize(("options", "qubits"), [
    ({"shots": 100}, 100 * 6), ({"shots": 100, "correction": "steane"}, 100 * 6 * 7),
    ({"shots": 10, "correction": "repetition", "length": 5}, 10 * 6 * 5),
    ({"embedding": "angle", "shots": 8, "correction": "shor"}, 8 * 20 * 9),
    ({"embedding": "bits", "shots": 1, "depth": 5}, 20 * 5),
], ids=str)
def test_qubits_copies_and_code_are_paid_and_the_scale_too(options, qubits):
    cost = sent(Qubit(qubits_per_s=1e5, **options), features(2, 20)).cost
    assert cost.uses.tolist() == [qubits + 16] * 2
    assert cost.seconds.tolist() == pytest.approx([(qubits + 16) / 1e5] * 2)
    assert cost.bits.tolist() == [16 + (100 if options.get("embedding") == "bits" else 0)] * 2


def test_teleportation_pays_two_bits_and_distillation_its_pairs():
    payload = features(2, 20)
    plain = sent(Qubit(shots=10, teleported=True), payload).cost.uses
    assert plain.tolist() == [10 * 6 * 3 + 16] * 2
    path = Path(Noise("depolarizing", 0.2), code("none"), teleported=True, rounds=1)
    (one,) = distilled(torch.tensor([0.8, *[0.2 / 3] * 3]), 1)
    assert path.sent == pytest.approx(one.pairs) == pytest.approx(2 / one.success)
    assert path.told == pytest.approx(2 + 2 / one.success)


def test_teleportation_over_pauli_noise_is_the_noise_and_distillation_mends_it():
    direct = Path(Noise("depolarizing", 0.2), code("steane")).transfer()
    teleported = Path(Noise("depolarizing", 0.2), code("steane"), teleported=True)
    assert torch.allclose(direct, teleported.transfer(), atol=1e-12)
    mended = Path(Noise("depolarizing", 0.2), code("none"), teleported=True, rounds=4).transfer()
    assert mended.diagonal().min() > 0.95
    damped = Path(Noise("amplitude_damping", 0.3), code("none"), teleported=True).transfer()
    assert (damped - torch.diag(damped.diagonal())).abs().max() < 1e-12, "a Pauli channel"


def test_snr_plays_no_role():
    payload, link = features(3, 12), Qubit()
    link.bind({MAIN: (12,)})
    low, high = (link({MAIN: payload}, State.of(snr_db, 3, Rng.seeded(0))).main for snr_db in (-30.0, 60.0))
    assert torch.equal(low, high)


@pytest.mark.parametrize(("options", "match"), [
    ({"p": 1.5}, "from 0 to 1"), ({"p": float("nan")}, "from 0 to 1"), ({"shots": 0}, "shots is 0"),
    ({"embedding": "bits"}, "shots = 1"), ({"correction": "repetition", "length": 4}, "odd number"),
    ({"rounds": 1}, "teleported = true"), ({"teleported": True, "rounds": -1}, "0 or more"),
    ({"qubits_per_s": 0.0}, "qubits a second"), ({"depth": 0}, "bits is 0"), ({"noise": "flip"}, "did you mean"),
    ({"correction": "stean"}, "did you mean 'steane'"), ({"embedding": "amplitud"}, "did you mean"),
], ids=str)
def test_bad_options_are_refused(options, match):
    with pytest.raises(InputError, match=match):
        create("transport", "qubit", **options)


def test_bad_payloads_are_refused():
    payload = features(3, 6)
    payload[1] = 0
    with pytest.raises(InputError, match="item 1 are all 0"):
        sent(Qubit(), payload)
    assert sent(Qubit("angle"), payload).ok.all()
    with pytest.raises(InputError, match="nan or infinity"):
        sent(Qubit("angle"), torch.full((1, 4), math.nan))
    with pytest.raises(InputError, match="carries features"):
        Qubit().bind({MAIN: None})
    with pytest.raises(InputError, match="needs features and gets bytes"):
        Qubit()({MAIN: (b"a",)}, State.of(0.0, 1, Rng.seeded(0)))
    with pytest.raises(InputError, match="split"):
        Qubit()({MAIN: features(1, 4), "side": (b"a",)}, State.of(0.0, 1, Rng.seeded(0)))
