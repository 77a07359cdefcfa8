from collections.abc import Mapping
from typing import Any, Literal

import pytest
from torch import nn

from gensc import registry
from gensc.channel import AWGN, Channel, Rician
from gensc.errors import InputError
from gensc.registry import checked, create, fitted, lookup, names, options_of, register


def test_every_kind_has_its_built_in_parts():
    assert {"awgn", "chain", "interference", "phase_noise", "rayleigh", "rician"} <= set(names("channel"))
    assert {"analog", "features"} <= set(names("transport"))
    assert "backbone" in names("codec") and "classify" in names("task") and {"2xfc", "3xfc"} <= set(names("head"))
    assert names("channel") == sorted(names("channel"))


def test_parts_are_made_from_their_options():
    assert isinstance(create("channel", "awgn"), AWGN)
    rician = create("channel", "rician", k_db=3, fading="symbol")
    assert isinstance(rician, Rician) and not rician.block_fading
    assert isinstance(rician.k_db, float)
    assert isinstance(create("head", "2xfc", width=4, classes=3), nn.Module)


@pytest.mark.parametrize(("call", "message"), [
    (lambda: names("chanel"), "no kind of part 'chanel'.*did you mean 'channel'"),
    (lambda: lookup("channel", "rayliegh"), "no channel 'rayliegh'.*did you mean 'rayleigh'.*gensc list channel"),
    (lambda: create("channel", "rician", kdb=3.0), "no option 'kdb'.*did you mean 'k_db'.*k_db, fading"),
    (lambda: create("channel", "awgn", snr_db=3.0), "no option 'snr_db'.*none"),
    (lambda: create("channel", "rayleigh", fading="blok"), "'blok'.*did you mean 'block'.*'block', 'symbol'"),
    (lambda: create("channel", "rician", k_db="6"), r"k_db is '6' \(str\): expected float"),
    (lambda: create("channel", "rician", k_db=True), r"k_db is True \(bool\): expected float"),
    (lambda: create("transport", "analog", uses=True), r"uses is True \(bool\): expected int"),
    (lambda: create("transport", "analog", uses=12.0), r"uses is 12.0 \(float\): expected int"),
    (lambda: create("head", "2xfc", width=4), "needs the option 'classes'"),
])
def test_a_mistake_is_named_with_the_nearest_right_word(call, message):
    with pytest.raises(InputError, match=f"(?s){message}"):
        call()


@pytest.mark.parametrize(("wanted", "given", "expected"), [
    (float, 3, 3.0), (int, 3, 3), (bool, True, True), (str, "a", "a"), (Any, [1], [1]),
    (int | None, None, None), (int | None, 4, 4), (Channel | None, None, None),
    (Literal["a", "b"], "b", "b"), (tuple[float, ...], [1, 2.5], (1.0, 2.5)), (tuple[int, ...], (), ()),
    (tuple[dict, ...], [{"a": 1}], ({"a": 1},)), (dict, {"a": 1}, {"a": 1}), (Mapping[str, Any], {"a": 1}, {"a": 1}),
    (tuple[Channel | dict, ...], [{"name": "awgn"}], ({"name": "awgn"},)),
], ids=str)
def test_values_become_the_type_that_is_asked_for(wanted, given, expected):
    got = fitted("here", wanted, given)
    assert got == expected
    assert type(got) is type(expected)


@pytest.mark.parametrize(("wanted", "given"), [
    (int, True), (float, False), (int, 2.0), (int, "2"), (bool, 1), (str, 3), (float, None),
    (Literal["a", "b"], "c"), (Literal["a"], ["a"]), (int | None, "x"), (int | None, True), (tuple[float, ...], 3.0),
    (tuple[float, ...], "12"), (tuple[int, ...], [1, True]), (tuple[int, ...], [1, "a"]), (Mapping[str, Any], [1]),
    (Channel | None, "awgn"),
], ids=str)
def test_values_of_another_type_are_refused(wanted, given):
    with pytest.raises(InputError, match="here"):
        fitted("here", wanted, given)


def test_a_wrong_value_in_a_list_is_named_by_its_place():
    with pytest.raises(InputError, match=r"here\[1\] is 'x'"):
        fitted("here", tuple[float, ...], [1, "x"])


def test_options_are_read_from_the_constructor():
    options = options_of(Rician)
    assert options["k_db"] == (float, 6.0)
    assert list(options) == ["k_db", "fading"]
    assert options_of(AWGN) == {}


def test_checked_fills_in_nothing():
    assert checked("x", {"a": (int, 1), "b": (float, 2.0)}, {"b": 3}) == {"b": 3.0}


def test_a_name_is_taken_once(monkeypatch):
    monkeypatch.setitem(registry._PARTS, "channel", dict(registry._PARTS["channel"]))

    class Mine(Channel):
        def distort(self, signal, state):
            return signal

    assert register("channel", "mine_only_here")(Mine) is Mine
    assert isinstance(create("channel", "mine_only_here"), Mine)
    register("channel", "mine_only_here")(Mine)
    with pytest.raises(ValueError, match=r"'awgn' is taken by gensc\.channel\.awgn\.AWGN"):
        register("channel", "awgn")(Mine)
    with pytest.raises(ValueError, match="no kind 'chanel'"):
        register("chanel", "mine")
