"""Data sets of one's own as sources: of torch, of Hugging Face, lists; what they may hold and what is refused."""

import pickle

import numpy as np
import pytest
import torch
from PIL import Image

import gensc
from gensc.data import Dataset, of
from gensc.data.split import split
from gensc.errors import InputError
from gensc.rng import Rng


def pictures(count: int = 6, height: int = 12, width: int = 9) -> np.ndarray:
    """uint8 [N,H,W,3]."""
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


class Cards(torch.utils.data.Dataset):
    """(picture, label), as torchvision's data sets give them."""

    classes = ["ace", "king", "queen"]

    def __init__(self) -> None:
        self.pictures, self.labels = pictures(), [0, 2, 1, 0, 2, 1]

    def __len__(self) -> int:
        return len(self.labels)

    def __getitem__(self, index: int) -> tuple[Image.Image, int]:
        return Image.fromarray(self.pictures[index]), self.labels[index]


def test_a_torch_data_set_is_a_source():
    source = gensc.data.of(Cards(), name="cards")
    assert source.classes == ("ace", "king", "queen") and source.labels.tolist() == [0, 2, 1, 0, 2, 1]
    assert source.labels.dtype == np.int64 and source.columns == ("label",) and len(source) == 6
    assert source.where(2) == "item 2 of cards" and source.spec == "cards"
    data = Dataset.all(source)
    batch = data.batch([3, 1])
    assert np.array_equal((batch.x * 255).round().byte().permute(0, 2, 3, 1).numpy(), pictures()[[3, 1]])
    assert batch.truth["label"].tolist() == data.truth([3, 1], ("label",))["label"].tolist() == [0, 2]
    assert data.groups() == [list(range(6))] and data.values([0]).tolist() == [324.0]
    assert len(set(data.fingerprints)) == 6 and all(len(one) == 64 for one in data.fingerprints)
    viewed = data.batch([3, 1], 1, Rng.seeded(0))
    assert viewed.shape == (3, 12, 9) and viewed.truth["label"].tolist() == [0, 2]
    assert sum(map(len, vars(split(source.labels, source.classes, 0.4, 0.0, seed=0)).values())) == 6


def test_it_goes_to_another_process():
    source = of(Cards(), size=8)
    first = source.item(4).image
    copy = pickle.loads(pickle.dumps(source))
    assert np.array_equal(copy.item(4).image, first) and copy.labels.tolist() == source.labels.tolist()
    assert copy.fingerprint(1) == source.fingerprint(1) and copy.classes == source.classes


def test_a_hugging_face_data_set_is_a_source():
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"image": datasets.Image(), "label": datasets.ClassLabel(names=["cat", "dog"]),
                                  "caption": datasets.Value("string"), "url": datasets.Value("string")})
    rows = {"image": [Image.fromarray(one) for one in pictures(2, 4, 5)], "label": [1, 0],
            "caption": ["a dog", "a cat"], "url": ["here", None]}
    source = of(datasets.Dataset.from_dict(rows, features=features))
    assert source.classes == ("cat", "dog") and source.labels.tolist() == [1, 0]
    assert source.columns == ("label", "caption")
    batch = Dataset.all(source).batch([0, 1])
    assert batch.shape == (3, 4, 5) and batch.truth["caption"] == ("a dog", "a cat")
    assert np.array_equal(source.item(1).image, pictures(2, 4, 5)[1])
    tensors = of(datasets.Dataset.from_dict(rows, features=features).with_format("torch"))
    assert np.array_equal(tensors.item(1).image, pictures(2, 4, 5)[1]) and tensors.labels.tolist() == [1, 0]
    assert tensors.fingerprint(0) == source.fingerprint(0)


@pytest.mark.parametrize(("column", "names"), [("labels", ["cat", "dog"]), ("fine_label", ["dog", "cat"])])
def test_other_usual_names_of_a_label(column, names):
    datasets = pytest.importorskip("datasets")
    features = datasets.Features({"img": datasets.Image(), column: datasets.ClassLabel(names=names)})
    rows = {"img": [Image.fromarray(one) for one in pictures(2)], column: [1, 0]}
    source = of(datasets.Dataset.from_dict(rows, features=features))
    assert source.classes == tuple(names) and source.labels.tolist() == [1, 0]


def test_a_picture_in_any_form_is_the_same_picture():
    (image,) = pictures(1, 5, 7)
    first = image.transpose(2, 0, 1)
    tensor = torch.from_numpy(first.copy())
    forms = [image, first, torch.from_numpy(image), tensor, tensor / 255, image / 255, Image.fromarray(image),
             {"image": image}, {"x": first}, {"img": Image.fromarray(image)}, (image,), (image, None),
             {"image": image, "label": None}]
    sources = [of([form]) for form in forms]
    assert all(np.array_equal(source.item(0).image, image) for source in sources)
    assert len({source.fingerprint(0) for source in sources}) == 1
    coarse = of([(tensor / 255).bfloat16()]).item(0).image
    assert np.abs(coarse.astype(int) - image).max() <= 1


def test_grey_pictures_and_palettes_become_rgb():
    grey = pictures(1, 5, 7)[0, ..., :1]
    for form in (grey, torch.from_numpy(grey[..., 0])[None], Image.fromarray(grey[..., 0])):
        assert np.array_equal(of([form]).item(0).image, grey.repeat(3, axis=2))
    clear = Image.new("RGBA", (3, 3), (255, 0, 0, 0))
    assert (of([clear]).item(0).image == 255).all()


def test_three_rows_of_three_channels_are_read_as_their_library_writes_them():
    cube = pictures(1, 3, 3)[0]
    assert np.array_equal(of([cube]).item(0).image, cube)
    assert np.array_equal(of([torch.from_numpy(cube)]).item(0).image, cube.transpose(1, 2, 0))


def test_a_photograph_on_its_side_is_turned():
    exif = Image.Exif()
    exif[0x0112] = 6
    stored = Image.fromarray(pictures(1, 5, 7)[0])
    stored.info["exif"] = exif.tobytes()
    assert of([stored]).shape(0) == of([stored]).item(0).image.shape == (7, 5, 3)


def test_a_size_cuts_masks_and_boxes_with_the_picture():
    mask = np.zeros((10, 20), np.int64)
    mask[2:6, 8:12], mask[0, 0] = 3, 255
    whole = {"image": np.zeros((10, 20, 3), np.uint8), "mask": mask,
             "boxes": [[8, 2, 12, 6], [0, 0, 4, 4], [0, 0, 20, 10]]}
    source = of([whole], size=5)
    item = source.item(0)
    assert source.shape(0) == item.image.shape == (5, 5, 3) and source.side(0) == 10
    assert item.truth["mask"].shape == (5, 5) and (item.truth["mask"][1:3, 1:4] == 3).any()
    assert item.truth["boxes"].tolist() == [[1.5, 1, 3.5, 3], [0, 0, 5, 5]]
    assert np.array_equal(of([whole]).item(0).truth["mask"], mask)
    assert len({of([whole], size=size).fingerprint(0) for size in (0, 5, 6)}) == 3
    assert of([whole]).content(0) == source.content(0)
    none = of([{**whole, "boxes": [[0, 0, 4, 4]]}], size=5).item(0).truth["boxes"]
    assert none.shape == (0, 4)


def test_truth_in_tuples_and_under_other_names():
    image = pictures(1)[0]
    truth = {"boxes": torch.tensor([[1.0, 2, 3, 4]]), "labels": torch.tensor([5]), "depth": np.ones((12, 9)),
             "note": "left out", "more": None}
    source = of([(image, truth), (image, {**truth, "boxes": np.zeros((0, 4))})])
    assert source.columns == ("boxes", "labels", "depth")
    batch = Dataset.all(source).batch([0, 1])
    assert [one.tolist() for one in batch.truth["boxes"]] == [[[1, 2, 3, 4]], []]
    assert batch.truth["depth"].shape == (2, 12, 9)
    assert of([{"image": image, "box": [1, 2, 3, 4]}]).item(0).truth["boxes"].tolist() == [[1, 2, 3, 4]]
    black = Image.fromarray(np.eye(12, 9, dtype=bool))
    assert np.array_equal(of([{"image": image, "mask": black}]).item(0).truth["mask"], np.eye(12, 9))


def test_labels_are_numbers_or_names():
    images = list(pictures(3))
    for labels in ([2, 0, 0], [np.int64(2), torch.tensor(0), torch.tensor([0])]):
        source = of(list(zip(images, labels, strict=True)))
        assert source.classes == ("0", "1", "2") and source.labels.tolist() == [2, 0, 0]
        assert source.item(0).truth == {"label": 2}
    named = of([(image, name) for image, name in zip(images, ("b", "a", "b"), strict=True)])
    assert named.classes == ("a", "b") and named.labels.tolist() == [1, 0, 1] and named.item(0).truth == {"label": 1}
    ours = of([(image, name) for image, name in zip(images, ("b", "a", "b"), strict=True)], classes=("b", "a", "c"))
    assert ours.classes == ("b", "a", "c") and ours.labels.tolist() == [0, 1, 0]


def test_items_without_labels_are_split_as_one_class():
    source = of(list(pictures()))
    assert source.columns == () and source.classes == ("picture",) and source.labels.tolist() == [0] * 6
    assert Dataset.all(source).batch([0, 1]).truth == {} == Dataset.all(source).truth([0], ("label", "mask"))
    with pytest.raises(InputError, match="item 0 of own: it has no label, and there are classes"):
        of(list(pictures()), classes=("a", "b"))


def test_texts_and_sounds_are_items_too():
    text = of([("one", 1), ("zwölf", 0)], size=32)
    batch = Dataset.all(text).batch([1, 0])
    assert batch.x == ("zwölf", "one") and batch.truth["label"].tolist() == [0, 1] and text.shape(0) == ()
    assert batch.values.tolist() == [6.0, 3.0] and text.fingerprint(0) != text.fingerprint(1)
    assert Dataset.all(of([{"text": "one", "label": "en"}])).batch([0]).x == ("one",)
    sound = Dataset.all(of([torch.ones(3), np.ones(5)])).batch([0, 1])
    assert sound.length.tolist() == [3, 5] and sound.x.dtype == torch.float32


def test_an_element_is_read_once_for_all_that_identifies_it(monkeypatch):
    cards, reads = Cards(), []
    real = Cards.__getitem__
    monkeypatch.setattr(Cards, "__getitem__", lambda self, index: reads.append(index) or real(self, index))
    data = Dataset.all(of(cards))
    reads.clear()
    assert data.items and data.labels.tolist() and data.groups() and data.marks() and data.truth([1], ("label",))
    assert reads == list(range(6))


@pytest.mark.parametrize(("element", "message"), [
    (7, "item 0 of own: it is int; expected a picture"),
    (None, "item 0 of own: it is NoneType; expected a picture"),
    (b"bytes", "item 0 of own: it is bytes; expected"),
    (np.zeros((4, 4)), r"item 0 of own: it is ndarray of the shape \[4, 4\], float64; expected a picture"),
    (torch.zeros(4, 4, 4), r"it is Tensor of the shape \[4, 4, 4\], float32; expected a picture"),
    (np.zeros((0, 4, 3), np.uint8), r"ndarray of the shape \[0, 4, 3\]"),
    (np.zeros(0), r"ndarray of the shape \[0\], float64"),
    (np.array([1.0, np.nan]), r"ndarray of the shape \[2\], float64"),
    (np.zeros((4, 4, 3), np.int64), "its pixels are int64 from 0 to 0"),
    (np.full((4, 4, 3), 9.0), "its pixels are float64 from 9 to 9; .*Leave out what normalises them"),
    (np.full((4, 4, 3), np.nan), "its pixels are float64 from nan to nan"),
    ({"pixels": 3}, "item 0 of own: it has pixels; expected a picture .*one of image, img, x, text, audio"),
    ({}, "item 0 of own: it has nothing; expected"),
    ((np.zeros((4, 4, 3), np.uint8), 1, 2), "item 0 of own: it is a tuple of 3; expected"),
    ((np.zeros((4, 4, 3), np.uint8), 1.5), r"its label is 1\.5; expected the number of a class"),
    ((np.zeros((4, 4, 3), np.uint8), -1), "its label is -1"),
    ((np.zeros((4, 4, 3), np.uint8), True), "its label is True"),
    ((np.zeros((4, 4, 3), np.uint8), np.eye(4)), r"its label is .*ndarray of the shape \[4, 4\]"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "mask": np.zeros((6, 4), np.uint8)},
     r"its mask is ndarray of the shape \[6, 4\], and its picture has the sides \[4, 6\]"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "mask": [1]}, "its mask is list"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "mask": np.full((4, 6), -1)}, "its mask holds int64 from -1 to -1"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "mask": np.zeros((4, 6))}, "its mask holds float64"),
    ({"text": "no picture", "mask": np.zeros((4, 6), np.uint8)}, "its mask is"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "boxes": [[0, 0, 7, 4]]}, "leaves its 6 x 4 pixels"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "boxes": [[3, 0, 3, 4]]}, "one is empty"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "boxes": [[0, 0, 1], [0, 0, 1]]}, r"have the shape \[2, 3\]"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "boxes": [[0, 0, 1], [0]]}, r"its boxes are \[\[0, 0, 1\], \[0\]\]"),
    ({"image": np.zeros((4, 6, 3), np.uint8), "caption": 3}, "its caption is 3; expected a sentence"),
])
def test_an_element_that_is_no_item_is_named(element, message):
    with pytest.raises(InputError, match=message):
        of([element])


@pytest.mark.parametrize(("dataset", "message"), [
    ([], "list is empty: give 1 item or more"),
    ("folder:photos", "'folder:photos' is a string; a data spec is opened by data.open_source"),
    ({"train": [1], "test": [2]}, "dict holds train, test: give one of them"),
    (iter([1]), "list_iterator has no items under numbers"),
    (torch.utils.data.DataLoader([1, 2]), "DataLoader has no items under numbers.*loader.dataset"),
])
def test_what_is_no_data_set_is_named(dataset, message):
    with pytest.raises(InputError, match=message):
        of(dataset)


def test_a_size_below_0_is_refused():
    with pytest.raises(InputError, match="size is -1: expected a side in px, or 0"):
        of(list(pictures()), size=-1)


@pytest.mark.parametrize(("elements", "message"), [
    ([(0, 1), (1, None)], "item 1 of own: it has no truth, and the first item has the truth label"),
    ([(0, None), (1, 1)], "item 1 of own: it has the truth label, and the first item has no truth"),
    ([(0, {"label": 1, "caption": "one"}), (1, 1)], "item 1 of own: it has the truth label, and .* label, caption"),
])
def test_elements_with_other_truth_than_the_first_are_named(elements, message):
    images = pictures()
    source = of([(images[number], truth) for number, truth in elements])
    for read in (lambda: Dataset.all(source).batch([0, 1]), lambda: source.fingerprint(1)):
        with pytest.raises(InputError, match=message):
            read()


def test_labels_outside_the_classes_are_named():
    images = pictures()
    for labels in (["a", "c"], [0, 2]):
        source = of([(image, label) for image, label in zip(images[:2], labels, strict=True)], classes=("a", "b"))
        with pytest.raises(InputError, match=rf"item 1 of own: its label is {labels[1]!r}, and the classes are a, b"):
            _ = source.labels
    with pytest.raises(InputError, match="item 1 of own: its label is 'b', and that of the first item is 0"):
        _ = of([(images[0], 0), (images[1], "b")]).labels


def test_an_item_that_changes_from_one_reading_to_the_next_is_named():
    class Random(Cards):
        def __getitem__(self, index: int) -> tuple[np.ndarray, int]:
            return np.random.default_rng().integers(0, 256, (4, 4, 3), dtype=np.uint8), 0

    data = Dataset.all(of(Random()))
    with pytest.raises(InputError, match=r"item \d of own: it is not what it was .*train\.views"):
        data.batch([0, 1])


def test_two_modalities_and_two_sizes_are_named():
    with pytest.raises(InputError, match="item 0 of own is text and item 1 of own is a picture"):
        Dataset.all(of(["text", pictures(1)[0]])).batch([0, 1])
    uneven = Dataset.all(of([pictures(1, 4, 4)[0], pictures(1, 4, 5)[0], pictures(1, 4, 4)[0]]))
    with pytest.raises(InputError, match=r"item 0 of own is 4 x 4 px and item 1 of own is 5 x 4 px.*groups\(\)"):
        uneven.batch([0, 1])
    assert uneven.groups() == [[0, 2], [1]]


def test_data_without_labels_is_refused_by_a_task_that_needs_them():
    link = gensc.Link(gensc.codec.Modules(torch.nn.Flatten(), torch.nn.Identity(), (3, 4, 4)),
                      gensc.transport.Symbols(), gensc.task.Classify(2, "2xfc"))
    with pytest.raises(InputError, match="the data has no label"):
        gensc.train(link, list(pictures(8, 4, 4)), spec=gensc.TrainSpec(epochs=1, batch=4))
