import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc.phy.mcs import SCHEMES
from gensc.transport import modem
from gensc.transport.segments import carrying, filling, largest, most_bytes

ALL = [(code, index) for code, schemes in SCHEMES.items() for index in range(len(schemes))]
SCHEME = st.sampled_from(ALL)


@given(st.integers(256, 60_000), SCHEME)
def test_a_filling_uses_every_symbol_and_never_beats_the_code_rate(symbols, scheme):
    code, index = scheme
    layout = filling(symbols, index, code)
    if not layout:
        assert symbols * SCHEMES[code][index].efficiency < 24, "not one byte and its CRC"
        return
    assert sum(segment.symbols for segment in layout) == symbols
    for segment in layout:
        fit = segment.coded
        assert fit.available_bits == segment.symbols * SCHEMES[code][index].bits
        assert fit.payload_bits <= segment.symbols * SCHEMES[code][index].efficiency
        assert 1 <= segment.data <= most_bytes(index, code)
        if code == "802.11":
            assert fit.punctured <= fit.count * (fit.n - fit.code.k) / 2


@given(st.integers(1, 50_000), SCHEME)
def test_carrying_holds_all_bytes_in_little_more_than_the_rate_asks_for(size, scheme):
    code, index = scheme
    layout = carrying(size, index, code)
    assert sum(segment.data for segment in layout) == size
    ideal = sum(8 * segment.data + segment.crc for segment in layout) / SCHEMES[code][index].efficiency
    spent = sum(segment.symbols for segment in layout)
    assert spent >= ideal
    if code == "5g":
        assert spent < ideal + len(layout)
    assert size < 500 or spent < 1.03 * ideal


@pytest.mark.parametrize("code", ["5g", "802.11"])
def test_longer_frames_carry_more(code):
    data = [sum(segment.data for segment in filling(symbols, 4, code)) for symbols in (128, 256, 512, 1024, 4096)]
    assert data == sorted(data) and data[-1] / 4096 * 8 / SCHEMES[code][4].efficiency > 0.97


@pytest.mark.parametrize("code", ["5g", "802.11"])
def test_nothing_fits_into_a_handful_of_symbols(code):
    assert largest(20, 0, code) is None
    assert filling(20, 0, code) == ()
    assert filling(0, 13, code) == ()


@pytest.mark.parametrize(("code", "index"), ALL)
def test_symbols_come_back_as_the_bytes_they_were(code, index, generator):
    layouts = [filling(4200, index, code), carrying(33, index, code), carrying(3000, index, code), ()]
    data = [generator.bytes(sum(segment.data for segment in layout)) for layout in layouts]
    x = modem.modulate(data, layouts)
    assert x.shape == (4, max(map(modem.length, layouts)))
    noise = x.real.new_full(x.shape, 1e-3)
    assert modem.demodulate(x, noise, layouts, iterations=20) == data


@pytest.mark.parametrize("code", ["5g", "802.11"])
def test_one_flipped_segment_loses_its_item_and_no_other(code, generator):
    layouts = [carrying(9000, 4, code)] * 3
    data = [generator.bytes(9000) for _ in layouts]
    x = modem.modulate(data, layouts)
    x[1, :2000] *= -1
    got = modem.demodulate(x, x.real.new_full(x.shape, 1e-2), layouts, iterations=20)
    assert got == [data[0], None, data[2]]
