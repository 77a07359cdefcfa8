"""gensc data export, make, inspect: what they print and how they end."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from gensc.cli.main import main
from gensc.export import augmented, rendered


@pytest.fixture(autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path_factory.mktemp("cache")))


@pytest.fixture
def gensc(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> Callable[..., tuple[int, str, str]]:
    """gensc("data", "make", ...): exit code, what it printed, what it said on stderr."""

    def run(*words: object) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["gensc", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return run


def test_export_writes_a_set_and_says_how_to_open_it(gensc, tmp_path):
    out = tmp_path / "set"
    code, said, _ = gensc("data", "export", "--data", "vehicles:4", "--snr-db", "-10,0.5", "--size", 32, "--out", out)
    assert code == 0 and said == f"4 items with 3 feature columns: parquet:{out}\n"
    assert sorted(path.name for path in out.iterdir()) == ["README.md", "data-00000-of-00001.parquet"]


def test_make_then_inspect(gensc, tmp_path):
    code, said, _ = gensc("data", "make", "--items", 33, "--size", 32, "--out", tmp_path / "made")
    assert code == 0 and said == f"33 pictures: folder:{tmp_path / 'made' / 'images'}\n"
    sheet = tmp_path / "sheet.png"
    code, said, _ = gensc("data", "inspect", f"folder:{tmp_path / 'made' / 'images'}", "--size", 32, "--out", sheet)
    lines = [line.split() for line in said.splitlines()]
    assert code == 0 and ["items", "33"] in lines and ["classes", "16"] in lines
    assert ["Armored_Personnel_Carrier", "3"] in lines and ["unreadable", "0"] in lines
    assert ["duplicates", "0", "exact,", "0", "near"] in lines and ["sheet", str(sheet)] in lines
    assert len(next(line for line in lines if line[0] == "digest")[1]) == 64
    with Image.open(sheet) as page:
        assert page.format == "PNG" and page.width > 3 * 96 and page.height > 16 * 96


def test_make_says_when_a_folder_is_too_small_to_be_split(gensc, tmp_path):
    code, said, _ = gensc("data", "make", "--items", 3, "--size", 32, "--out", tmp_path / "made")
    assert code == 0 and "make 32 items or more" in said


def test_inspect_lists_every_unreadable_picture(gensc, tmp_path):
    gensc("data", "make", "--items", 32, "--size", 32, "--out", tmp_path)
    torn = sorted((tmp_path / "images" / "SUV").iterdir())
    for file in torn:
        file.write_bytes(b"torn")
    code, said, err = gensc("data", "inspect", f"folder:{tmp_path / 'images'}", "--size", 32, "--out",
                            tmp_path / "sheet.png")
    assert code == 2 and all(f"  {file}: " in said for file in torn) and "none: some pictures" in said
    assert err.startswith("gensc: 2 of 32 pictures of folder:") and (tmp_path / "sheet.png").exists()


def test_duplicates_are_counted_and_a_few_named(gensc, tmp_path):
    gensc("data", "make", "--items", 32, "--size", 32, "--out", tmp_path)
    first = sorted((tmp_path / "images" / "SUV").iterdir())[0]
    for number in range(7):
        (first.parent / f"copy{number}.png").write_bytes(first.read_bytes())
    _, said, _ = gensc("data", "inspect", f"folder:{tmp_path / 'images'}", "--size", 32)
    assert "7 exact, 0 near" in said and said.count("(exact)") == 5 and "and 2 more" in said


@pytest.mark.parametrize(("words", "message"), [
    (("make", "--items", 0), "--items is 0: expected 1 or more"),
    (("make", "--items", 4, "--size", 31), "--size is 31: expected 32 to 1024 pixels"),
    (("export", "--data", "vehicles:4", "--size", 2000), "--size is 2000"),
    (("export", "--data", "vehicles:4", "--snr-db", "10,nan"), "nan is no SNR"),
    (("export", "--data", "vehicles:4", "--snr-db", "ten"), "--snr-db is 'ten'"),
    (("export", "--data", "vehicle:4"), "did you mean 'vehicles'"),
    (("export", "--data", "vehicles:4", "--backbones", "resnet5"), "there is no backbone 'resnet5' (did you mean"),
    (("export", "--data", "vehicles:4", "--backbones", ","), "--backbones is empty"),
    (("inspect", "vehicles:4", "--size", 1), "--size is 1"),
    (("inspect", "folder:/no/such"), "there is no such path"),
])
def test_wrong_input_ends_with_code_2_and_leaves_nothing(gensc, tmp_path, words, message):
    out = () if words[0] == "inspect" else ("--out", tmp_path / "out")
    code, said, err = gensc("data", *words, *out)
    assert (code, said) == (2, "") and err.startswith("gensc: ") and message in err
    assert list(tmp_path.iterdir()) == []


def test_inspect_writes_only_png(gensc, tmp_path):
    code, _, err = gensc("data", "inspect", "vehicles:4", "--out", tmp_path / "sheet.jpg")
    assert code == 2 and "name a .png file" in err


@pytest.mark.parametrize(("module", "words"), [
    (augmented, ("export", "--data", "vehicles:4")), (rendered, ("make", "--items", 4))])
def test_a_stopped_command_says_that_nothing_is_left(gensc, tmp_path, monkeypatch, module, words):
    def stop(_: object) -> bytes:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "png", stop)
    code, _, err = gensc("data", *words, "--size", 32, "--out", tmp_path / "out")
    assert code == 130 and err == f"gensc: stopped; nothing is left at {tmp_path / 'out'}\n"
    assert list(tmp_path.iterdir()) == []


def test_help_shows_an_example(gensc):
    for name in ("export", "make", "inspect"):
        code, said, _ = gensc("data", name, "--help")
        assert code == 0 and f"Example: gensc data {name} " in said


def test_a_taken_folder_is_kept(gensc, tmp_path: Path):
    (tmp_path / "mine.txt").write_text("keep")
    code, _, err = gensc("data", "make", "--items", 4, "--out", tmp_path)
    assert code == 2 and "is not empty" in err and [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
