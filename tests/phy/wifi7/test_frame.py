"""Tone plans, rates, layout, fields and samples of an EHT frame against published values and identities."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from gensc.errors import InputError
from gensc.phy.wifi7 import Phy, ampdu, bcc, fields, longest_payload, mapper, ofdm, receive, scramble, transmit
from gensc.phy.wifi7.layout import layout_for, layout_heard
from gensc.phy.wifi7.phy import GUARDS_US
from gensc.phy.wifi7.sequences import data_pilots, eht_ltf, l_stf, polarity
from gensc.phy.wifi7.tones import BANDWIDTHS_MHZ, plan
from gensc.rng import Rng

REFERENCE = json.loads((Path(__file__).parents[2] / "reference" / "wifi7.json").read_text())


@pytest.mark.parametrize("width", BANDWIDTHS_MHZ)
def test_tone_plan_has_the_published_counts(width: int) -> None:
    tones = plan(width)
    assert len(tones.data) == REFERENCE["data_tones"][str(width)]
    assert tones.fft == REFERENCE["fft"][str(width)]
    assert len(tones.pilots) == {20: 8, 40: 16, 80: 16, 160: 32, 320: 64}[width]
    assert (np.diff(tones.occupied) > 0).all() and (tones.occupied == -tones.occupied[::-1]).all()
    assert 0 not in tones.occupied and abs(tones.occupied).max() < tones.fft / 2 - 5
    assert (tones.pilots % 2 == 0).all()


def test_rates_are_those_of_the_reference() -> None:
    for row in REFERENCE["mcs"]:
        phy = Phy(20, row["mcs"])
        assert (phy.scheme.bits, phy.scheme.rate) == (row["bits_per_symbol"], row["rate"])
    # The reference's figure is cut, not rounded: 78400 bits in 13.6 us are 5764.7 Mbit/s.
    published = REFERENCE["check"]["320 MHz, MCS 13, 2 streams, GI 0.8 us, Mbit/s"]
    for phy, streams, mbps in ((Phy(320, 13), 2, published), (Phy(20, 0), 1, 8.6), (Phy(80, 11, 0.8), 2, 1201.0),
                               (Phy(160, 9, 3.2), 1, 816.6)):
        assert streams * phy.data_bits / phy.symbol_us == pytest.approx(mbps, abs=0.15)


def test_wrong_parameters_are_refused() -> None:
    for bad in ({"bandwidth_mhz": 30}, {"mcs": 14}, {"mcs": -1}, {"guard_us": 0.4}):
        with pytest.raises(InputError):
            Phy(**bad)
    with pytest.raises(InputError, match="0 bytes"):
        transmit(b"", Phy())
    with pytest.raises(InputError, match="do not fit"):
        transmit(bytes(longest_payload(Phy()) + 2000), Phy())


@pytest.mark.parametrize("width", BANDWIDTHS_MHZ)
@pytest.mark.parametrize("guard", GUARDS_US)
def test_preamble_announces_the_layout(width: int, guard: float) -> None:
    for index in (0, 3, 8, 13):
        phy = Phy(width, index, guard)
        for size in (1, 2, 50, 333, 1500, longest_payload(phy)):
            layout = layout_for(size, phy)
            assert layout_heard(phy, layout.l_sig_length, layout.quarters, layout.extra) == layout
            assert layout.l_sig_length % 3 == 0 and layout.l_sig_length <= 4095
            assert layout.psdu_bytes >= ampdu.packed_bytes(size)
            assert layout.fit.available_bits <= layout.symbols * phy.coded_bits
            assert layout.extra or layout.fit.needed_bits == layout.fit.available_bits


def test_samples_have_the_length_and_power_promised() -> None:
    payload = next(Rng.seeded(1).generators()).bytes(3000)
    for width in BANDWIDTHS_MHZ:
        phy = Phy(width, 11)
        x = transmit(payload, phy)
        assert x.dtype == torch.complex64 and len(x) == phy.uses(3000)
        for first, last in ((0, 8), (8, 16), (16, 20), (40, 44), (44, len(x) // width)):
            power = float(x[first * width : last * width].abs().square().mean())
            assert power == pytest.approx(1, rel=0.08), (width, first)
        assert float(x.abs().square().mean()) == pytest.approx(1, rel=0.025)
        data = ofdm.to_tones(x.numpy(), np.array([len(x) - phy.fft]), phy.tones.data, phy.fft)
        assert np.mean(np.abs(data) ** 2) == pytest.approx(phy.tone_power, rel=0.15)
        assert torch.equal(x, transmit(payload, phy))


def test_a_tone_has_more_es_n0_than_a_sample() -> None:
    db = {width: Phy(width).tone_snr_db(10.0) - 10 for width in BANDWIDTHS_MHZ}
    assert db == pytest.approx({20: 0.244, 40: 0.244, 80: 0.120, 160: 0.120, 320: 0.120}, abs=1e-3)


def test_a_short_payload_fills_the_frame_of_a_longer_one() -> None:
    phy, payload = Phy(20, 4), next(Rng.seeded(6).generators()).bytes(30)
    filled = transmit(payload, phy, 12_000)
    assert len(filled) == phy.uses(12_000) and float(filled.abs().square().mean()) == pytest.approx(1, rel=0.02)
    assert [packet.psdu for packet in receive(filled, 20)] == [payload]
    assert torch.equal(transmit(payload, phy, 20), transmit(payload, phy))
    with pytest.raises(InputError, match="0 bytes"):
        transmit(b"", phy, 100)


def test_training_fields_repeat_as_they_must() -> None:
    x = transmit(b"wifi", Phy(80)).numpy()
    short, long = x[: 8 * 80], x[8 * 80 : 16 * 80]
    assert np.allclose(short[64:], short[:-64], atol=1e-5)
    assert np.allclose(long[128 : 128 + 256], long[128 + 256 :], atol=1e-5)
    tail = x[-(256 * 4 + 64) :]
    assert np.allclose(tail[:64], tail[-64:], atol=1e-5)
    assert len(l_stf()[0]) == 12
    crest = [np.abs(np.fft.ifft(np.bincount(plan(w).occupied % plan(w).fft, eht_ltf(w), plan(w).fft), norm="ortho"))
             for w in BANDWIDTHS_MHZ]
    assert all((a**2).max() / (a**2).mean() < 10**0.7 for a in crest)


def test_pilot_polarity_begins_as_in_the_standard() -> None:
    # IEEE Std 802.11-2020, equation 17-25.
    assert polarity()[:16].tolist() == [1, 1, 1, 1, -1, -1, -1, 1, -1, -1, -1, -1, 1, 1, -1, 1]
    assert data_pilots(20, 2, 0)[0].tolist() == [1, 1, 1, -1, -1, 1, 1, 1]
    assert data_pilots(20, 2, 0)[1].tolist() == [1, 1, -1, -1, 1, 1, 1, 1]


def test_scrambler_follows_its_polynomial_and_undoes_itself() -> None:
    bits = np.zeros(4000, dtype=np.uint8)
    for seed in (1, 77, 2047):
        out = scramble.scramble(bits, seed)
        assert int(out[:11] @ (1 << np.arange(11))) == seed
        assert (out[11:] == out[:-11] ^ out[2:-9]).all()
        assert (out[2047:3000] == out[: 3000 - 2047]).all()
        assert (scramble.descramble(out) == bits).all()


@pytest.mark.parametrize("width", BANDWIDTHS_MHZ)
@pytest.mark.parametrize("index", [0, 1, 5, 13])
def test_mapper_is_a_bijection_that_parts_neighbouring_bits(width: int, index: int) -> None:
    phy = Phy(width, index)
    bits = Rng.seeded(2).permutation(3 * phy.coded_bits).astype(np.uint8).reshape(3, -1) & 1
    tones = mapper.to_tones(bits, phy)
    llr = mapper.to_llrs(tones, np.full(phy.data_tones, 1e-4, np.float32), phy)
    assert ((llr > 0) == bits).all()
    one = bits.copy()
    one[:, 0] ^= 1
    assert (mapper.to_tones(one, phy) != tones).sum(axis=1).tolist() == [1, 1, 1]


def test_convolutional_code_gives_the_standards_example() -> None:
    # IEEE Std 802.11-2020, I.1.4: the SIGNAL field of the example frame (36 Mbit/s, LENGTH 100), coded.
    signal = np.array([int(c) for c in "101100010011000000000000"], dtype=np.uint8)
    coded = "110100011010000100000010001111100111000000000000"
    assert "".join(map(str, bcc.encode(signal))) == coded
    place = bcc.interleaved(48, 16)
    assert sorted(place) == list(range(48)) and place[:4].tolist() == [0, 3, 6, 9]


def test_viterbi_mends_errors_and_uses_what_is_known() -> None:
    generator = next(Rng.seeded(3).generators())
    wrong = {False: 0, True: 0}
    for _ in range(200):
        bits = fields.pack(fields.U_SIG, bandwidth=2, bss_colour=int(generator.integers(64)))
        llr = 2.0 * bcc.encode(bits) - 1 + generator.standard_normal(104) * 1.1
        for known in (False, True):
            sure = fields.known(fields.U_SIG, 2) if known else np.r_[np.full(46, -1), np.zeros(6)].astype(np.int8)
            wrong[known] += int((bcc.viterbi(llr, sure) != bits).any())
    assert wrong[True] < 0.6 * wrong[False] and wrong[True] < 80


def test_fields_carry_their_numbers_and_notice_damage() -> None:
    for form, values in ((fields.L_SIG, {"length": 1234}), (fields.U_SIG, {"bandwidth": 4}),
                         (fields.EHT_SIG, {"mcs": 13, "extra": 1, "quarters": 2, "gi_ltf": 3})):
        bits = fields.pack(form, **values)
        assert len(bits) == sum(part.width for part in form) and len(bits) % 26 in (0, 24)
        found = fields.unpack(form, bits)
        assert found is not None and values.items() <= found.items()
        damaged = bits ^ np.eye(len(bits), dtype=np.uint8)[: len(bits) - 6]
        missed = sum(fields.unpack(form, one) is not None for one in damaged)
        # Four of the eight CRC bits are sent: the standard's field misses some single errors.
        assert missed <= (0 if form is fields.L_SIG else 4)
    # LENGTH 1234 goes out least significant bit first behind RATE 1101 and a reserved 0.
    sent = "".join(map(str, fields.pack(fields.L_SIG, length=1234)[:17]))
    assert sent == "1101" + "0" + f"{1234:012b}"[::-1]


def test_ampdu_returns_the_payload_or_says_why_not() -> None:
    generator = next(Rng.seeded(4).generators())
    for size in (1, 3, 4, 1500, 11_450, 11_451, 22_900, 40_000):
        payload = generator.bytes(size)
        for spare in (0, 1, 3, 4, 11):
            whole = ampdu.aggregate(payload, ampdu.packed_bytes(size) + spare)
            assert len(whole) == ampdu.packed_bytes(size) + spare
            assert ampdu.extract(whole) == (payload, "")
        assert ampdu.extract(bytes([whole[0] ^ 16]) + whole[1:])[0] is None
        assert ampdu.extract(whole[:8] + bytes([whole[8] ^ 1]) + whole[9:])[1].startswith("the frame check")
    assert ampdu.extract(bytes(40))[0] is None and ampdu.extract(b"")[0] is None


def test_resampling_undoes_a_clock_offset_up_to_the_band_edge() -> None:
    x = transmit(bytes(3000), Phy(320, 5)).numpy()
    x = np.pad(x, 600)
    there = ofdm.resampled(x, 40e-6)
    back = ofdm.resampled(there, 1 / (1 + 40e-6) - 1)
    inner = slice(600, -600)
    assert np.mean(np.abs(back[inner] - x[inner]) ** 2) < 1e-6
    n = np.arange(5000)
    tone = np.exp(2j * np.pi * 0.31 * n).astype(np.complex64)
    later = ofdm.resampled(tone, 1e-4, first=0.25)
    expected = np.exp(2j * np.pi * 0.31 * (n * (1 + 1e-4) + 0.25))
    assert np.abs(later - expected)[600:-600].max() < 3e-3
