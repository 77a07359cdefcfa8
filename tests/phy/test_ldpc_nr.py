"""The 5G NR code of any payload in any number of bits: Sionna's encoder bit for bit, its decoder frame by frame."""

import warnings

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from gensc.errors import InputError
from gensc.phy.ldpc import layered_torch
from gensc.phy.ldpc.fit import KNOWN_ZERO
from gensc.phy.ldpc.nr import ROWS, NrFit, _tables
from gensc.phy.qam import Constellation
from gensc.rng import Rng
from gensc.units import noise_power

# Both base graphs, each number of information columns of the lifting, all set indices, rates from 1/5 to 0.95
PAIRS = [(12, 60), (13, 20), (40, 128), (64, 128), (97, 300), (120, 256), (192, 400), (193, 230), (256, 512),
         (292, 320), (293, 400), (561, 2000), (600, 700), (641, 3205), (1000, 1490), (1000, 1500), (3824, 6000),
         (3840, 19200), (5000, 5270), (8448, 9000), (8448, 25344)]


def sionnas(payload: int, available: int) -> tuple:
    """Sionna's encoder, and its sum-product decoder of 20 iterations (flooding)."""
    from sionna.phy.fec.ldpc import LDPC5GDecoder, LDPC5GEncoder

    encoder = LDPC5GEncoder(payload, available, device="cpu")
    return encoder, LDPC5GDecoder(encoder, num_iter=20, device="cpu")


def random_bits(one: NrFit, rows: int) -> torch.Tensor:
    return (Rng.seeded(0, "nr fit").of(rows).uniform(one.payload_bits) < 0.5).to(torch.uint8)


def received(one: NrFit, bits: torch.Tensor, snr_db: float, points: int = 1) -> torch.Tensor:
    """LLRs of a QAM of ``points`` bits over AWGN at Es/N0 ``snr_db``."""
    qam, n0 = Constellation(points, "3gpp"), noise_power(snr_db)
    noise = Rng.seeded(1, "nr fit").of(len(bits)).complex_normal(one.available_bits // points) * n0.sqrt()
    return qam.demap(qam.map(one.encode(bits)) + noise, n0)


@pytest.mark.parametrize(("payload", "available"), PAIRS)
def test_encoding_is_sionnas_and_a_clean_word_decodes(payload: int, available: int) -> None:
    one = NrFit(payload, available)
    bits = random_bits(one, 4)
    sent = one.encode(bits)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # Sionna's, on rates above 948/1024
        assert sent.dtype == torch.uint8 and torch.equal(sent.float(), sionnas(payload, available)[0](bits.float()))
    found = one.decode(4.0 * sent - 2)
    assert torch.equal(found.bits, bits) and found.ok.all()


def test_the_interleaver_is_sionnas() -> None:
    from sionna.phy.fec.ldpc import LDPC5GEncoder

    one = NrFit(250, 510, bits=6)
    bits = random_bits(one, 3)
    sent = one.encode(bits)
    assert torch.equal(sent, LDPC5GEncoder(250, 510, num_bits_per_symbol=6, device="cpu")(bits.float()).to(torch.uint8))
    assert torch.equal(one.decode(4.0 * sent - 2).bits, bits)


@pytest.mark.parametrize("one", [NrFit(64, 128), NrFit(100, 130), NrFit(300, 420), NrFit(561, 2000)])
def test_codewords_meet_every_check(one: NrFit) -> None:
    code = one.code
    words = code.encode(one.words(random_bits(one, 5)))
    assert words.shape == (5, code.n) and code.n - code.k == code.z * len(code.shifts)
    assert not (words.numpy() @ code.parity_check().T.astype(np.float32) % 2).any()


def test_only_rows_whose_parity_is_sent_are_decoded() -> None:
    """The same payload at three rates: 4 block rows at least, a row more for each Z bits more, all at the end."""
    rows = [len(NrFit(256, n).code.shifts) for n in (280, 14 * 32 - 64, 14 * 32 - 63, 5000)]
    assert rows == [4, 6, 7, ROWS[2]]


def test_repetition_sends_the_circular_buffer_again() -> None:
    """Behind the mother code's last parity bit comes the first bit again; LLRs of copies add up, fillers are zeros."""
    one = NrFit(97, 2000)
    assert (one.graph, one.z, one.columns) == (2, 18, 6)
    buffer = 97 - 36 + 42 * 18
    sent = one.encode(random_bits(one, 2))
    assert torch.equal(sent[:, buffer:2 * buffer], sent[:, :buffer])
    assert torch.equal(sent[:, 2 * buffer:], sent[:, :2000 - 2 * buffer])
    assert torch.equal(sent[:, :485].float(), sionnas(97, 485)[0](random_bits(one, 2).float()))
    llr = one.llrs(torch.ones(1, 2000))[0]
    assert (llr[:36] == 0).all() and (llr[97:108] == KNOWN_ZERO).all()
    assert llr[36:97].eq(3).all() and llr[108:].min() == 2 and llr[llr > 0].sum() == 2000


@given(st.integers(1, 700), st.integers(0, 3000), st.sampled_from([1, 2, 4, 6]))
@settings(max_examples=40, deadline=None)
def test_whatever_is_fitted_comes_back(payload: int, more: int, points: int) -> None:
    available = (2 * payload + 8 + more) // points * points
    one = NrFit(payload, available, points)
    bits = random_bits(one, 2)
    found = one.decode(8.0 * one.encode(bits) - 4)
    assert found.ok.all() and torch.equal(found.bits, bits)


# Es/N0 of BPSK in dB where about one frame in ten fails
@pytest.mark.parametrize(("payload", "available", "snr_db"),
                         [(64, 128, -0.9), (120, 256, -1.7), (256, 512, -1.6), (448, 1024, -2.4)])
def test_no_more_frames_are_lost_than_by_sionnas_decoder(payload: int, available: int, snr_db: float) -> None:
    """Of the frames that one decoder alone loses at most half are ours: McNemar's test at 1e-3.

    A loss of 0.15 dB would be about 1.4 times the frames here.
    """
    one, bits = NrFit(payload, available), random_bits(NrFit(payload, available), 400)
    llr = received(one, bits, snr_db)
    mine = (one.decode(llr).bits != bits).any(dim=1)
    theirs = (sionnas(payload, available)[1](llr) != bits).any(dim=1)
    assert 15 < theirs.sum() < 120
    only_mine, only_theirs = int((mine & ~theirs).sum()), int((theirs & ~mine).sum())
    assert only_mine <= binom.ppf(1 - 1e-3, only_mine + only_theirs, 0.5)


def test_the_interleaver_gains_with_64_qam() -> None:
    plain, mixed = NrFit(384, 768), NrFit(384, 768, bits=6)
    bits = random_bits(plain, 500)
    lost = [int((one.decode(received(one, bits, 11.3, 6)).bits != bits).any(1).sum()) for one in (plain, mixed)]
    assert lost[0] > 2 * lost[1] > 0


def test_frames_decode_alone_as_together_and_in_torch() -> None:
    one = NrFit(120, 256)
    llr = received(one, random_bits(one, 40), -1.7)
    together = one.decode(llr)
    assert not together.ok.all() and together.ok.any()
    for row in (0, 17, 39):
        assert torch.equal(one.decode(llr[row:row + 1]).bits[0], together.bits[row])
    other = layered_torch.decode(one.code, one.llrs(llr), 20)
    assert torch.equal(one.payload(other.bits), together.bits)
    assert torch.equal(other.iterations, together.iterations) and torch.equal(other.ok, together.ok)


def test_fits_of_one_code_share_it() -> None:
    assert NrFit(64, 128).code is NrFit(63, 127).code and NrFit(64, 128).count == 1
    assert NrFit(64, 128).code.name == "nr2:11:6:8"


def test_the_tables_have_as_many_blocks_as_the_standards() -> None:
    graphs = _tables()
    assert [len(graphs[name]) for name in "12"] == [316, 197]
    assert all(0 <= value < 384 for graph in graphs.values() for block in graph for value in block[2:])


def test_wrong_input_is_refused() -> None:
    with pytest.raises(InputError, match="payload of 0 bits"):
        NrFit(0, 100)
    with pytest.raises(InputError, match="holds 8448"):
        NrFit(8449, 12000)
    with pytest.raises(InputError, match="holds 3840"):
        NrFit(3841, 20000)
    with pytest.raises(InputError, match="give 106 bits"):
        NrFit(100, 105)
    with pytest.raises(InputError, match="symbols of 6 bits"):
        NrFit(100, 200, 6)
    with pytest.raises(InputError, match=r"\[B, 100\]"):
        NrFit(100, 200).encode(torch.zeros(1, 99, dtype=torch.uint8))
    with pytest.raises(InputError, match=r"\[B, 200\]"):
        NrFit(100, 200).llrs(torch.zeros(1, 199))
