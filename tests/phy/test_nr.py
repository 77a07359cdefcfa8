"""The 5G NR codes through Sionna: our conventions, round trips, and codes that there are not."""

import pytest
import torch

from gensc.errors import InputError
from gensc.phy.nr import NrLdpc, NrPolar
from gensc.phy.qam import Constellation
from gensc.rng import Rng
from gensc.units import noise_power

BPSK = Constellation(1)


def random_bits(rows: int, k: int) -> torch.Tensor:
    return (Rng.seeded(0, "nr").of(rows).uniform(k) < 0.5).to(torch.uint8)


def received(coded: torch.Tensor, snr_db: float) -> torch.Tensor:
    """LLRs of BPSK over AWGN at Es/N0 ``snr_db``."""
    n0 = noise_power(snr_db)
    noise = Rng.seeded(1, "nr").of(len(coded)).complex_normal(coded.shape[1])
    return BPSK.demap(BPSK.map(coded) + noise * n0.sqrt(), n0)


def test_ldpc_carries_bits_through_noise() -> None:
    code, bits = NrLdpc(200, 400), random_bits(40, 200)
    coded = code.encode(bits)
    assert coded.dtype == torch.uint8 and coded.shape == (40, 400)
    assert torch.equal(code.decode(received(coded, 2.0)), bits)


def test_polar_carries_bits_through_noise_and_says_so() -> None:
    code, bits = NrPolar(60, 180), random_bits(20, 60)
    decoded, ok = code.decode(received(code.encode(bits), 1.0))
    assert torch.equal(decoded, bits) and ok.all()


@pytest.mark.parametrize("link", ["uplink", "downlink"])
def test_polar_says_where_it_failed(link: str) -> None:
    code = NrPolar(60, 180, link)
    decoded, ok = code.decode(received(code.encode(random_bits(40, 60)), -15.0))
    assert decoded.shape == (40, 60) and ok.shape == (40,) and not ok.any()


def test_llrs_of_the_other_sign_do_not_decode() -> None:
    """The sign convention: positive says 1."""
    code, bits = NrPolar(60, 180), random_bits(4, 60)
    llr = received(code.encode(bits), 5.0)
    assert torch.equal(code.decode(llr)[0], bits)
    assert not code.decode(-llr)[1].any()


def test_codes_that_do_not_exist_are_refused() -> None:
    with pytest.raises(InputError, match="9000 bits"):
        NrLdpc(9000, 20000)
    with pytest.raises(InputError, match="polar code"):
        NrPolar(200, 2000)
    with pytest.raises(InputError, match="sidelink"):
        NrPolar(60, 180, "sidelink")  # type: ignore[arg-type]
    with pytest.raises(InputError, match=r"\[B, 200\]"):
        NrLdpc(200, 400).encode(random_bits(2, 199))
