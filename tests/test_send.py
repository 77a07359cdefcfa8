"""One picture over several links, packed links, and the sheet that shows what arrives."""

import re

import numpy as np
import pytest
import torch
from PIL import Image

from gensc import config
from gensc.config import DataSpec, Experiment, LinkSpec, Part
from gensc.errors import InputError
from gensc.experiment import linkfile
from gensc.experiment.linkfile import Card
from gensc.experiment.send import Received, read, send
from gensc.link import build
from gensc.report.gallery import gallery
from gensc.rng import Rng
from helpers import call, picture, refused

SPEC = LinkSpec(Part("jscc", {"cbr": 1 / 12}), Part("symbols"), task=Part("reconstruct", {"metrics": ("psnr",)}))
TRAINED = {"epochs": 3, "best_epoch": 2, "losses": [[1.0, 2.0]]}


@pytest.fixture(scope="module")
def link(tmp_path_factory):
    """An untrained joint source-channel code in a file."""
    file = tmp_path_factory.mktemp("links") / "code.safetensors"
    with Rng.seeded(5, "tests").torch_seeded():
        made = build(SPEC, 1, 32)
    linkfile.save(file, made, Card(Experiment(data=DataSpec("folder:x", size=32), link=SPEC), 0, ("a",), "d", TRAINED,
                                   (1, 2, 3)))
    return file


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    """A picture of 70 x 50 px: smooth, so that any format codes it."""
    y, x = np.mgrid[:50, :70]
    pixels = np.stack([128 + 100 * np.sin(x / 11), 128 + 90 * np.cos(y / 9), 100 + x], axis=2)
    file = tmp_path_factory.mktemp("photo") / "photo.png"
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(file)
    return file


def test_the_classical_links_get_the_uses_of_the_first(link, photo):
    pixels = read(photo, None)
    assert pixels.shape == (3, 50, 70), "all of it, as it is"
    assert torch.equal(pixels, torch.from_numpy(np.array(Image.open(photo))).permute(2, 0, 1) / 255)
    sent, ours, *classical = send(pixels, (str(link),), 15.0, ("webp", "jpeg"))
    assert torch.equal(sent.pixels, pixels) and sent.psnr_db is None
    assert ours.uses == 3 * 50 * 70 // 12 and [one.link for one in classical] == ["webp + digital", "jpeg + digital"]
    assert all(one.pixels.shape == pixels.shape for one in (ours, *classical))
    assert all(one.uses == ours.uses for one in classical)
    mse = float((ours.pixels - pixels).square().mean())
    assert ours.psnr_db == pytest.approx(-10 * np.log10(mse), abs=1e-3)
    again = send(pixels, (str(link),), 15.0, ())
    assert len(again) == 2 and torch.equal(again[1].pixels, ours.pixels)


def test_the_channel_of_all_can_be_changed(link, photo):
    pixels = read(photo, 32)
    calm = send(pixels, (str(link),), 10.0, ())[1]
    faded = send(pixels, (str(link),), 10.0, (), {"link.channel.name": "rayleigh"})[1]
    assert not torch.equal(calm.pixels, faded.pixels)


def test_the_command_writes_one_image_and_a_table(link, photo, tmp_path):
    said = call("send", photo, "--link", link, "--snr-db", "0,10", "--cbr", "1/24", "--baseline", "webp", "--out",
                tmp_path / "sheet.png")
    assert said.code == 0 and str(tmp_path / "sheet.png") in said.out
    rows = [line.split() for line in said.out.splitlines()[1:-1]]
    assert len(rows) == 4 and {row[-3] for row in rows if "lost" not in row} == {str(3 * 50 * 70 // 24)}
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.width > 3 * 150 and sheet.height > 2 * 150


def test_a_gallery_shows_the_pixels_it_was_given():
    red = torch.zeros(3, 160, 160)
    red[0] = 1
    sheet = np.asarray(gallery([[Received("sent", red), Received("a", 1 - red, psnr_db=3.0, uses=5)]], ["5 dB"]))
    assert (sheet == [255, 0, 0]).all(axis=2).sum() == 160 * 160 == (sheet == [0, 255, 255]).all(axis=2).sum()


@pytest.mark.parametrize(("arguments", "words"), [
    (("--cbr", "1/2"), "cbr"), (("--cbr", "x"), "--cbr"), (("--snr-db", ""), "--snr-db"),
    (("--link", "nothing"), "nothing"), (("--baseline", "tiff"), "tiff"),
], ids=str)
def test_bad_requests_say_what_is_wrong(link, photo, tmp_path, arguments, words):
    given = arguments if "--link" in arguments else ("--link", link, *arguments)
    refused(call("send", photo, *given, "--out", tmp_path / "sheet.png"), words)
    assert not (tmp_path / "sheet.png").exists()


def test_a_picture_of_one_pixel_and_a_link_of_no_pictures_are_refused(link, photo, tmp_path):
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    refused(call("send", tmp_path / "one.png", "--link", link), "1 x 1 px", "enlarge")
    with pytest.raises(InputError, match="at least one"):
        send(read(photo, 32), (), 5.0)


@pytest.mark.parametrize("name", ["jscc", "restored"])
def test_a_packaged_link_sends_an_odd_picture_without_cropping_it(name, tmp_path):
    """61 x 83 px, sides that no block divides."""
    Image.fromarray(picture(3, (200, 150, 90), 96)[:83, :61]).save(tmp_path / "odd.png")
    said = call("send", tmp_path / "odd.png", "--link", name, "--snr-db", "10", "--cbr", "1/12", "--baseline", "webp",
                "--out", tmp_path / "sheet.png")
    assert said.code == 0, said.err
    rows = [line.split() for line in said.out.splitlines()[1:-1]]
    uses = 3 * 83 * 61 // 12
    assert [row[0] for row in rows] == [name, "webp"]
    assert all(abs(int(row[-3].replace(",", "")) - uses) <= 1 for row in rows), rows
    assert all(float(row[-2]) > 20 for row in rows), rows
    with Image.open(tmp_path / "sheet.png") as sheet:
        assert sheet.height > 83


def test_a_link_of_one_size_says_at_which(link, photo, tmp_path):
    """A codec whose layers are made for a size takes no other."""
    spec = LinkSpec(Part("backbone"), Part("features"), task=Part("classify", {"head": "2xfc"}))
    file = tmp_path / "classes.safetensors"
    with Rng.seeded(5, "tests").torch_seeded():
        made = build(spec, 2, 64)
    linkfile.save(file, made, Card(Experiment(data=DataSpec("folder:x", size=64), link=spec), 0, ("a", "b"), "d",
                                   TRAINED))
    refused(call("send", photo, "--link", file), "64 x 64 px", "--size 64")
    refused(call("send", photo, "--link", file, "--size", 64), "delivers no pictures", "classify")


def test_a_packed_link_is_half_the_size_and_has_a_card(link, tmp_path):
    scores = tmp_path / "scores.csv"
    scores.write_text("link,snr_db,uses,metric,value,low,high,items\na,0,256,psnr,20.5,20.0,21.0,9\n"
                      "a,10,256,psnr,25.5,25.0,26.0,9\n")
    out = tmp_path / "packed.safetensors"
    said = call("pack", link, "--out", out, "--title", "a code", "--trained-by", "gensc train x", "--hours", "1.5",
                "--machine", "2 cores", "--data", "pictures of mine", "--scores", scores)
    assert said.code == 0 and out.stat().st_size < 0.52 * link.stat().st_size
    card = out.with_suffix(".md").read_text()
    assert re.search(r"^# packed: a code$", card, re.M) and "1.5 hours on 2 cores" in card
    assert "| psnr | 20.5 ± 0.5 | 25.5 ± 0.5 |" in card and "3 pictures were seen" in card
    whole, half = linkfile.load(link)[0].state_dict(), linkfile.load(out)[0].state_dict()
    assert all(torch.allclose(whole[name], half[name], rtol=1e-3, atol=1e-4) for name in whole)
    refused(call("pack", link, "--out", out, "--title", "a", "--trained-by", "b", "--hours", "1", "--machine", "c",
                 "--data", "d", "--scores", link), "gensc eval")


def test_a_link_is_changed_on_loading_but_not_beyond_its_weights(link):
    made, card = linkfile.load(link, {"data.size": 64, "link.codec.cbr": 1 / 6})
    assert made.codec.cbr == 1 / 6 and card.experiment.data.size == 64
    with pytest.raises(InputError, match=r"link\.codec\.name changed"):
        linkfile.load(link, {"link.codec.name": "deepjscc"})


def test_an_experiment_without_training_needs_a_start():
    table = config.to_table(Experiment())
    table["train"]["epochs"] = 0
    with pytest.raises(InputError, match=r"train\.epochs"):
        config.from_table(table)
    table["train"]["start"] = "jscc"
    assert config.from_table(table).train.epochs == 0
