"""Items of any kind and size: shapes from headers, groups of equal size, truth without decoding, refusals."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch
from PIL import Image, ImageFile

from gensc.data import Dataset, Item, Source, picture
from gensc.data.dataset import load, relabelled
from gensc.data.open import open_source
from gensc.data.picture import Frame, decode, read_mask, sides
from gensc.errors import InputError
from gensc.rng import Rng

SIDES = [(20, 31), (33, 17), (20, 31), (40, 40)]
SHAPES = [(*one, 3) for one in SIDES]


def noise(height: int, width: int, seed: int = 0) -> Image.Image:
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8))


@pytest.fixture
def folder(tmp_path):
    """Four pictures of three sizes, one of them stored on its side."""
    for place, (height, width) in enumerate(SIDES):
        image, exif = noise(height, width, place), Image.Exif()
        if place == 2:
            image = image.transpose(Image.Transpose.ROTATE_90)
            exif[0x0112] = 6
        (tmp_path / f"class{place // 2}").mkdir(exist_ok=True)
        image.save(tmp_path / f"class{place // 2}" / f"{place}.png", exif=exif)
    return tmp_path


@pytest.fixture
def table(tmp_path, folder):
    """The same pictures as Parquet, with a mask, a box and a caption each."""
    files = sorted(folder.rglob("*.png"))
    masks = []
    for height, width in SIDES:
        out = io.BytesIO()
        Image.fromarray(np.eye(height, width, dtype=np.uint8)).save(out, "PNG")
        masks.append(out.getvalue())
    pq.write_table(pa.table({"image": [file.read_bytes() for file in files], "label": [0, 0, 1, 1], "mask": masks,
                             "box": [[1, 2, 9, 8]] * 4, "caption": list("abcd")}), tmp_path / "t.parquet")
    return tmp_path / "t.parquet"


def test_pictures_keep_their_size_and_are_grouped_by_it(folder):
    source = open_source(f"folder:{folder}", 0)
    dataset = Dataset.all(source)
    assert [source.shape(i) for i in range(4)] == [source.item(i).image.shape for i in range(4)] == SHAPES
    assert [source.side(i) for i in range(4)] == [20, 17, 20, 40]
    # In order, by the first of each group: whatever asks twice gets the same.
    assert dataset.groups() == [[0, 2], [1], [3]]
    assert Dataset(source, np.array([3, 2, 1, 0])).groups() == [[0], [1, 3], [2]]
    batch = dataset.batch([2, 0])
    assert batch.shape == (3, 20, 31) and dataset.values([2, 1]).tolist() == [3.0 * 20 * 31, 3.0 * 33 * 17]
    assert torch.equal((batch.x[1] * 255).round().byte().permute(1, 2, 0), torch.from_numpy(np.array(noise(20, 31))))
    for size in (16, 32):
        cut = Dataset.all(open_source(f"folder:{folder}", size))
        assert cut.groups() == [[0, 1, 2, 3]] and cut.values([1]).tolist() == [3.0 * size * size]


def test_pictures_of_different_sizes_are_no_batch(folder):
    with pytest.raises(InputError, match=r"0\.png is 31 x 20 px and .*1\.png is 17 x 33 px.*Dataset\.groups\(\)"):
        Dataset.all(open_source(f"folder:{folder}", 0)).batch(range(4))


def test_views_of_pictures_of_any_size_keep_it(folder):
    dataset = Dataset.all(open_source(f"folder:{folder}", 0))
    viewed = dataset.batch([2, 0], 1, Rng.seeded(0))
    assert viewed.shape == (3, 20, 31) and not torch.equal(viewed.x, dataset.batch([2, 0]).x)


def test_another_size_is_another_identity(folder, table):
    for spec in (f"folder:{folder}", f"parquet:{table}"):
        sources = [open_source(spec, size) for size in (0, 32, 64)]
        assert len({source.fingerprint(0) for source in sources}) == 3
        assert len({source.content(0) for source in sources}) == 1
    assert open_source(f"folder:{folder}", 0).fingerprint(1) == open_source(f"parquet:{table}", 0).fingerprint(1)


def test_vehicles_are_rendered_at_a_size():
    assert open_source("vehicles:4", 0).shape(0) == (224, 224, 3)
    assert open_source("vehicles:4", 0).fingerprint(1) == open_source("vehicles:4", 224).fingerprint(1)
    assert Dataset.all(open_source("vehicles:4", 32)).groups() == [[0, 1, 2, 3]]


def test_masks_and_boxes_of_whole_pictures_stay_as_they_are(table):
    dataset = Dataset.all(open_source(f"parquet:{table}", 0))
    batch = dataset.batch([0, 2])
    assert batch.truth["mask"].shape == (2, 20, 31) and batch.truth["mask"].dtype == torch.int64
    assert torch.equal(batch.truth["mask"][1], torch.eye(20, 31).long())
    assert [boxes.tolist() for boxes in batch.truth["boxes"]] == [[[1, 2, 9, 8]]] * 2
    with pytest.raises(InputError, match=r"row 1: its mask has the shape \[33, 17\].*row 0 \[20, 31\].*groups"):
        dataset.truth([0, 1], ("mask",))


@pytest.mark.parametrize("size", [0, 12])
def test_the_truth_of_a_table_is_known_without_its_pictures(table, monkeypatch, size):
    source = open_source(f"parquet:{table}", size)
    dataset = Dataset.all(source)
    assert source.columns == ("label", "mask", "boxes", "caption")
    batch = dataset.batch([0, 2])
    monkeypatch.setattr(picture, "read", None)
    truth = dataset.truth([0, 2], source.columns)
    assert truth.keys() == batch.truth.keys() and truth["caption"] == batch.truth["caption"] == ("a", "c")
    assert torch.equal(truth["label"], batch.truth["label"]) and torch.equal(truth["mask"], batch.truth["mask"])
    assert all(map(torch.equal, truth["boxes"], batch.truth["boxes"]))
    monkeypatch.setattr(picture, "sides", None)
    monkeypatch.setattr(picture, "read_mask", None)
    assert dataset.truth([1], ("label",))["label"].tolist() == [0]


def test_labels_of_a_rendered_source_are_known_without_rendering(monkeypatch):
    source = open_source("vehicles:20", 32)
    dataset = Dataset.all(source)
    boxes = dataset.batch([3]).truth["boxes"][0]
    assert torch.equal(dataset.truth([3], ("boxes",))["boxes"][0], boxes)
    monkeypatch.setattr(source, "_render", None)
    assert dataset.truth([19, 0], ("label", "depth"))["label"].tolist() == [3, 0]
    assert dataset.values([1]).tolist() == [3.0 * 32 * 32]


def test_a_relabelled_source_keeps_the_rest_of_its_truth(table):
    source = open_source(f"parquet:{table}", 0)
    turned = relabelled(source, ("1", "0"))
    assert turned.columns == source.columns and turned.shape(1) == (33, 17, 3) and turned.values(1) == 33 * 17 * 3
    truth = Dataset.all(turned).truth([0, 3], ("label", "caption"))
    assert truth["label"].tolist() == [1, 0] and truth["caption"] == ("a", "d")
    assert turned.item(0).truth["label"] == 1 and turned.item(0).truth["boxes"].tolist() == [[1, 2, 9, 8]]


def oriented(kind: str, orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    out = io.BytesIO()
    noise(12, 18).save(out, kind, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP"])
def test_a_header_says_what_size_a_picture_is_shown_at(kind):
    for orientation in range(1, 9):
        data = oriented(kind, orientation)
        assert sides(data, "it") == decode(data, 0).shape[:2] == ((18, 12) if orientation > 4 else (12, 18))


def test_an_orientation_after_the_pixels_counts():
    data = oriented("PNG", 6)
    start = data.index(b"eXIf") - 4
    length = 12 + int.from_bytes(data[start:start + 4], "big")
    end = data.index(b"IEND") - 4
    late = data[:start] + data[start + length:end] + data[start:start + length] + data[end:]
    assert sides(late, "it") == decode(late, 0).shape[:2] == (18, 12)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "TIFF", "WEBP", "BMP", "GIF", "JPEG2000"])
def test_no_pixel_is_decoded_for_a_size(kind, monkeypatch):
    out = io.BytesIO()
    noise(12, 18).save(out, kind)
    monkeypatch.setattr(ImageFile.ImageFile, "load", None)
    assert sides(out.getvalue(), "it") == (12, 18)


def test_a_file_without_a_size_is_named(tmp_path):
    for data, message in ((b"torn", "it: not an image"), (tmp_path / "gone.png", "it: there is no such file"),
                          (tmp_path, "it: damaged or truncated")):
        with pytest.raises(InputError, match=message):
            sides(data, "it")


def test_a_frame_of_size_0_is_the_whole_picture():
    frame = Frame(30, 20, 0)
    image = noise(20, 30)
    assert np.array_equal(np.asarray(frame.fit(image, Image.Resampling.BICUBIC)), np.asarray(image))
    assert frame.box((1.5, 2, 30, 20)) == (1.5, 2, 30, 20)
    out = io.BytesIO()
    Image.fromarray(np.eye(20, 30, dtype=np.uint8) * 7).save(out, "PNG")
    assert np.array_equal(read_mask(out.getvalue(), frame, "mask"), np.eye(20, 30))


class Things(Source):
    """Items as they are given; ``reads`` counts how many were read."""

    def __init__(self, items: list[Item], columns: tuple[str, ...]) -> None:
        self.spec, self.classes, self.labels, self.reads = "things", ("a", "b"), np.arange(len(items)) % 2, 0
        self.columns, self._items = columns, items

    def item(self, index: int) -> Item:
        self.reads += 1
        return self._items[index]

    def fingerprint(self, index: int) -> str:
        return f"{index:064x}"

    def where(self, index: int) -> str:
        return f"thing {index}"


def things(*truths: dict, columns: tuple[str, ...] = ("label", "boxes", "caption")) -> Dataset:
    """A data set of black pictures 6 x 4 px with this truth."""
    return Dataset.all(Things([Item(np.zeros((4, 6, 3), np.uint8), truth) for truth in truths], columns))


def boxes(count: int) -> dict:
    return {"label": 0, "boxes": np.full((count, 4), 7, np.float32), "caption": f"{count} of them"}


def test_a_label_is_known_without_its_item_and_boxes_are_ragged():
    dataset = things(boxes(2), boxes(0), boxes(1))
    assert dataset.truth([2, 1], ("label",))["label"].tolist() == [0, 1] and dataset.source.reads == 0
    truth = dataset.truth([0, 1, 2], ("label", "boxes", "mask"))
    assert [tuple(one.shape) for one in truth["boxes"]] == [(2, 4), (0, 4), (1, 4)] and "mask" not in truth
    # A tuple also where all happen to have one.
    assert isinstance(dataset.batch([2, 2]).truth["boxes"], tuple)
    assert dataset.batch([1, 0]).truth["caption"] == ("0 of them", "2 of them")


def test_other_truth_is_stacked_or_ragged_by_its_shapes():
    dataset = things({"depth": np.ones((4, 6), np.float32), "age": 3}, {"depth": np.ones((4, 6), np.float32), "age": 4},
                     {"depth": np.ones(5, np.float32), "age": 5}, columns=("depth", "age"))
    truth = dataset.batch([0, 1]).truth
    assert truth["depth"].shape == (2, 4, 6) and truth["age"].tolist() == [3, 4]
    assert [tuple(one.shape) for one in dataset.batch([2, 0]).truth["depth"]] == [(5,), (4, 6)]


@pytest.mark.parametrize(("truth", "message"), [
    ({"label": 0, "caption": "b"}, "thing 1: it has no boxes, and its source says that its items have one"),
    ({**boxes(1), "boxes": np.zeros(4, np.float32)}, r"thing 1: its boxes have the shape \[4\]; expected \[n,4\]"),
    ({**boxes(1), "boxes": np.zeros((2, 3), np.float32)}, r"thing 1: its boxes have the shape \[2, 3\]"),
    ({**boxes(1), "caption": 7}, "thing 1: its caption is 7, and that of thing 0 is '1 of them'"),
])
def test_truth_of_another_form_names_its_item(truth, message):
    for read in (lambda data: data.batch([0, 1]), lambda data: data.truth([0, 1], ("label", "boxes", "caption"))):
        with pytest.raises(InputError, match=message):
            read(things(boxes(1), truth))


def test_a_mask_that_does_not_fit_its_picture_names_it():
    dataset = things({"mask": np.zeros((4, 6), np.uint8)}, {"mask": np.zeros((6, 4), np.uint8)}, columns=("mask",))
    for positions in ([1], [0, 1]):
        with pytest.raises(InputError, match=r"thing 1: its mask has the shape \[6, 4\] and its picture \[4, 6\]"):
            dataset.batch(positions)


def kinds(*x: object) -> Dataset:
    return Dataset.all(Things([Item(one) for one in x], ()))


def test_texts_are_a_batch_and_one_group():
    dataset = kinds("one", "zwölf")
    batch = dataset.batch([1, 0])
    assert batch.x == ("zwölf", "one") and batch.length is None and batch.truth == {}
    assert batch.values.tolist() == dataset.values([1, 0]).tolist() == [6.0, 3.0]
    assert dataset.groups() == [[0, 1]] and dataset.source.shape(0) == ()


def test_sounds_are_padded_to_the_longest():
    dataset = kinds(np.ones(3, np.float32), np.full(5, 2, np.float32))
    batch = dataset.batch([0, 1])
    assert batch.x.tolist() == [[1, 1, 1, 0, 0], [2] * 5] and batch.x.dtype == torch.float32
    assert batch.length.tolist() == [3, 5]
    assert batch.values.tolist() == dataset.values([0, 1]).tolist() == [3.0, 5.0]
    assert dataset.groups() == [[0, 1]]
    # Given for one length too, so that batches of a source can be joined.
    assert dataset.batch([1]).length.tolist() == [5]


@pytest.mark.parametrize(("other", "kind"), [("a text", "text"), (np.ones(5, np.float32), "sound")])
def test_two_modalities_are_named(other, kind):
    dataset = kinds(np.zeros((4, 4, 3), np.uint8), other)
    with pytest.raises(InputError, match=f"thing 0 is a picture and thing 1 is {kind}: .*of one kind"):
        dataset.batch([0, 1])
    with pytest.raises(InputError, match=f"a picture is needed and this item is {kind}"):
        dataset.batch([1], view=1, rng=Rng.seeded(0))


def test_what_is_neither_is_named():
    with pytest.raises(InputError, match="thing 1 is an array of 2 dimensions"):
        kinds("a text", np.zeros((3, 3))).batch([0, 1])
    with pytest.raises(InputError, match="a picture is needed and this item is an array of 2 dimensions"):
        kinds(np.zeros((3, 3))).batch([0])


def test_equal_texts_are_kept_out_of_training(monkeypatch):
    from gensc.data import dataset as home

    words = [f"sentence {number}" for number in range(20)]
    source = Things([Item(word) for word in (*words, *words[:4])], ())
    source.classes, source.labels = ("picture",), np.zeros(24, dtype=np.int64)
    source.content = lambda index: str(source.item(index).x)
    monkeypatch.setattr(home, "open_source", lambda spec, size: source)
    parts = load("words", size=0, test_share=0.3)
    seen = [{source.item(int(i)).x for i in part.indices} for part in (parts.train, parts.validation, parts.test)]
    assert parts.left_out > 0 and not (seen[0] | seen[1]) & seen[2]
