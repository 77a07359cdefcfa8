"""CRCs against their published check values, and what they catch."""

import pytest

from gensc.errors import InputError
from gensc.phy import crc

DIGITS = b"123456789"


def test_check_values_of_the_standards() -> None:
    """CRC-32/ISO-HDLC and CRC-16/IBM-3740 (CCITT from all ones) of the nine digits."""
    assert crc.crc32(DIGITS) == 0xCBF43926
    assert crc.crc16(DIGITS) == 0x29B1


def test_the_fcs_of_a_frame_leaves_the_residue_of_802_3() -> None:
    """The CRC over data and FCS together is a constant, which fixes the byte order."""
    assert crc.crc32(crc.append(DIGITS, 32)) == crc.crc32(crc.append(b"", 32)) == 0x2144DF1C
    assert crc.crc16(crc.append(DIGITS, 16)) == 0


@pytest.mark.parametrize("width", [16, 32])
def test_every_single_bit_error_and_every_short_burst_is_caught(width: int) -> None:
    sent = crc.append(DIGITS, width)
    assert crc.check(sent, width) == DIGITS
    bits = 8 * len(sent)
    for place in range(bits):
        for burst in {1, (1 << (width - 1)) | 1}:
            if burst << place < 1 << bits:
                spoilt = (int.from_bytes(sent, "big") ^ (burst << place)).to_bytes(len(sent), "big")
                assert crc.check(spoilt, width) is None


@pytest.mark.parametrize("width", [16, 32])
def test_short_and_empty_data(width: int) -> None:
    assert crc.check(b"", width) is None
    assert crc.check(b"\x00", width) is None
    assert crc.check(crc.append(b"", width), width) == b""


def test_other_widths_are_refused() -> None:
    with pytest.raises(InputError, match="24"):
        crc.append(DIGITS, 24)
    with pytest.raises(InputError, match="24"):
        crc.check(DIGITS, 24)
