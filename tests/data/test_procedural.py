import numpy as np
import pytest

from gensc.data import procedural, vehicles
from gensc.data.open import open_source
from gensc.errors import InputError


def test_defaults_and_numbers():
    assert len(open_source("vehicles")) == 1600
    source = open_source("vehicles:40:7", 64)
    assert len(source) == 40 and source.spec == "vehicles:40:7" and len(source.classes) == 16
    assert source.labels.tolist() == [index % 16 for index in range(40)] and source.labels.dtype == np.int64
    assert source.where(3) == "vehicles seed 7 index 3"


def test_an_item_is_what_the_renderer_draws():
    source = open_source("vehicles:40:7", 64)
    drawn, item = vehicles.render(21, 7, 64), source.item(21)
    assert np.array_equal(item.image, drawn.image) and np.array_equal(item.truth["mask"], drawn.mask)
    assert item.truth["boxes"].tolist() == [list(drawn.box)] and item.truth["caption"] == drawn.caption
    assert item.truth["label"] == drawn.label == source.labels[21]


def test_fingerprints_name_the_recipe_and_render_nothing(monkeypatch):
    monkeypatch.setattr(vehicles, "render", None)
    marks = [open_source(f"vehicles:40:{seed}", size).fingerprint(index)
             for seed, size, index in ((7, 64, 3), (7, 64, 4), (8, 64, 3), (7, 96, 3))]
    assert len(set(marks)) == 4 and all(len(mark) == 64 for mark in marks)
    assert open_source("vehicles:50:7", 64).fingerprint(3) == marks[0]
    monkeypatch.setattr(procedural, "_generator", lambda: "another renderer")
    assert open_source("vehicles:40:7", 64).fingerprint(3) != marks[0]


@pytest.mark.parametrize("argument", ["many", "10:x", "10:1:1", "-3", "1.5", ":5"])
def test_what_is_no_number_is_refused(argument):
    with pytest.raises(InputError, match="expected vehicles, vehicles:COUNT or vehicles:COUNT:SEED"):
        open_source(f"vehicles:{argument}")


@pytest.mark.parametrize("argument", ["0", f"10:{2**63}"])
def test_numbers_out_of_range_are_refused(argument):
    with pytest.raises(InputError, match="COUNT of 1 or more and a SEED below"):
        open_source(f"vehicles:{argument}")


@pytest.mark.parametrize("size", [31, 1025])
def test_sizes_that_are_not_rendered_are_refused(size):
    with pytest.raises(InputError, match=f"32 to 1024 pixels, not {size}"):
        open_source("vehicles", size)
