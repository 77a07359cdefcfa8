"""Wrong options and experiment files: exit code 2 and one sentence that names what is wrong."""

import os
import pwd

import pytest

from gensc.experiment import sweep
from helpers import GENSC, call, finished, gensc, refused, serial, tiny, tiny_toml


@pytest.fixture(autouse=True)
def one(tmp_path_factory, monkeypatch, tmp_path):
    """The tiny experiment; jobs run in this process, and results go below tmp_path."""
    found = tiny(tmp_path_factory)
    for name, value in found.env.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sweep, "run_jobs", serial)
    return found


@pytest.mark.parametrize(("settings", "words"), [
    (["train.epoch=3"], ["'epoch'", "did you mean 'epochs'"]),
    (["trian.epochs=3"], ["'trian'", "did you mean 'train'"]),
    (["link.transport.name=analog", "link.transport.usez=8"], ["usez", "did you mean 'uses'"]),
    (["link.transport.convntion=true"], ["convntion", "did you mean 'convention'"]),
    (["link.channel.name=awgm"], ["'awgm'", "did you mean 'awgn'"]),
    (["link.transport.name=analog", "link.transport.uses=-1"], ["uses is -1", "at least 1"]),
    (["link.transport.name=analog", "link.transport.uses=many"], ["uses", "'many'", "expected int"]),
    (["link.codec.model=efficientnet_lite1x"], ["efficientnet_lite1x", "did you mean"]),
    (["link.codec.model=resnet50"], ["resnet50", "gensc zoo pull resnet50"]),
    (["link.codec.mode=forzen"], ["forzen", "did you mean 'frozen'"]),
    (["link.task.head=4xfc"], ["4xfc"]),
    (["link.task.classes=7"], ["classes"]),
    (["data.size=16"], ["data.size is 16", "32"]),
    (["data.source=vehicels:64"], ["vehicels", "did you mean 'vehicles'"]),
    (["data.source=/tmp"], ["/tmp", "did you mean folder:/tmp"]),
    (["train.epochs=0"], ["train.epochs is 0"]),
    (["train.epochs=two"], ["epochs", "'two'", "expected int"]),
    (["evaluate.snr_db=[nan]"], ["evaluate.snr_db", "dB"]),
    (["evaluate.snr_db=[]"], ["evaluate.snr_db", "dB"]),
    (["evaluate.csi=perfect"], ["perfect", "receiver"]),
    (["train.snr_db=[10, 0]"], ["train.snr_db", "lowest"]),
    (["seeds=[1, 1]"], ["seeds"]),
    (["train.epochs"], ["KEY=VALUE"]),
    (["=3"], ["KEY=VALUE"]),
    (["link=5"], ["link", "table"]),
    (["grid={\"train.epochs\" = []}"], ["grid.train.epochs"]),
], ids=lambda value: " ".join(value))
def test_a_wrong_setting_is_named(one, tmp_path, settings, words):
    options = [part for setting in settings for part in ("--set", setting)]
    refused(call("run", one.file, "--out", tmp_path / "out", *options), *words)


@pytest.mark.parametrize(("option", "value"), [
    ("--snr-db", "nan"), ("--snr-db", "0,nan"), ("--snr-db", "ten"), ("--snr-db", "-inf"), ("--snr-db", ","),
    ("--seeds", "1.5"), ("--seeds", "inf"), ("--seeds", "nan"), ("--seeds", "-1"), ("--seeds", "3,3"),
    ("--seeds", "1e30"), ("--data", "folder:"), ("--data", "vehicles:-3"), ("--data", "nowhere:x"),
], ids=" ".join)
def test_a_wrong_option_is_named(one, tmp_path, option, value):
    said = call("run", one.file, "--out", tmp_path / "out", option, value)
    refused(said, {"3,3": "[3, 3]", "1e30": "2147483647", "nowhere:x": "nowhere", ",": "snr"}.get(value, value))


@pytest.mark.parametrize("snr_db", ["nan", "-inf", "ten", ","])
def test_a_wrong_snr_to_be_scored_is_named(one, tmp_path_factory, snr_db):
    link = next((finished(tmp_path_factory) / "links").iterdir())
    refused(call("eval", link, "--data", f"folder:{one.folder}", "--snr-db", snr_db), "snr")


@pytest.mark.parametrize(("text", "words"), [
    ("name = ", ["can't be read as TOML"]),
    ("\x00", ["can't be read as TOML"]),
    ("nmae = 'x'", ["'nmae'", "did you mean 'name'"]),
    ("[trian]\nepochs = 3", ["'trian'", "did you mean 'train'"]),
    ("[train]\nepochs = 'three'", ["epochs", "'three'", "expected int"]),
    ("[train]\nepochs = 3.5", ["epochs", "3.5", "expected int"]),
    ("seeds = 3", ["seeds", "3"]),
    ("train = 3", ["train", "table"]),
    ("[link]\ncodec = 'backbone'", ["link.codec", "table"]),
    ("[link.codec]\nmodel = 'resnet50'", ["link.codec", "name"]),
    ("schemes = [3]", ["schemes", "3"]),
    ("schemes = [{'link.trnsport.name' = 'analog'}]", ["trnsport", "did you mean 'transport'"]),
    ("[grid]\n'train.epochs' = 3", ["grid.train.epochs", "list"]),
    ("[grid]\n'train.epoch' = [3]", ["epoch", "did you mean 'epochs'"]),
], ids=lambda value: value if isinstance(value, str) else "")
def test_a_wrong_experiment_file_is_named(tmp_path, text, words):
    (tmp_path / "a.toml").write_text(text)
    refused(call("run", tmp_path / "a.toml", "--out", tmp_path / "out"), *words)
    assert not (tmp_path / "out").exists()


def test_an_experiment_file_of_no_text_is_named(tmp_path):
    (tmp_path / "a.toml").write_bytes(b"\xff\xfe\x00name")
    refused(call("run", tmp_path / "a.toml"), "a.toml", "TOML")
    (tmp_path / "b.toml").mkdir()
    refused(call("run", tmp_path / "b.toml"), "b.toml")


@pytest.mark.parametrize(("name", "words"), [
    ("nowhere.toml", ["nowhere.toml", "gensc list"]), ("tabel1", ["'tabel1'", "did you mean 'table1'"]), ("", ["''"])])
def test_an_experiment_that_is_not_there_is_named(name, words):
    refused(call("run", name), *words)
    refused(call("train", name, "--out", "x.safetensors"), *words)


def test_a_report_of_nothing_is_refused_and_makes_nothing(tmp_path):
    refused(call("report", tmp_path / "nowhere"), "nowhere")
    assert not (tmp_path / "nowhere").exists()


def test_a_report_can_be_written_again(tmp_path_factory):
    out = finished(tmp_path_factory)
    before = (out / "tiny.csv").read_bytes()
    (out / "tiny.csv").unlink()
    said = call("report", out)
    assert said.code == 0 and f"page: {out / 'report.html'}" in said.out, said.err
    assert (out / "tiny.csv").read_bytes() == before


def test_the_default_folder_is_runs_and_the_name(one, tmp_path):
    said = call("run", one.file, "--set", "train.epochs=1", "--seeds", "0", "--snr-db", "-3,inf")
    assert said.code == 0, said.err
    assert (tmp_path / "runs" / "tiny" / "tiny.csv").exists()


def test_what_the_command_line_names_is_what_is_run(one, tmp_path):
    from gensc import config

    said = call("run", one.file, "--out", tmp_path / "out", "--seeds", "4", "--snr-db", "-3,inf",
                "--set", "train.epochs=1", "--set", "link.task.head=3xfc")
    assert said.code == 0, said.err
    kept = config.load(tmp_path / "out" / "experiment.toml")
    assert (kept.seeds, kept.evaluate.snr_db, kept.train.epochs) == ((4,), (-3.0, float("inf")), 1)
    assert kept.link.task.options["head"] == "3xfc"


def test_a_file_in_the_place_of_the_folder_is_named(one, tmp_path):
    (tmp_path / "out").write_text("a file")
    refused(call("run", one.file, "--out", tmp_path / "out"), "out", "--out")
    assert (tmp_path / "out").read_text() == "a file"


@pytest.mark.parametrize("command", ["train", "eval"])
def test_a_place_that_cannot_be_written_is_named(one, tmp_path, tmp_path_factory, command):
    (tmp_path / "file").write_text("a file")
    link = next((finished(tmp_path_factory) / "links").iterdir())
    where = ("--out", tmp_path / "file" / "a")
    said = call("train", one.file, *where, "--set", "train.epochs=1") if command == "train" else call(
        "eval", link, "--data", f"folder:{one.folder}", "--snr-db", "0", *where)
    refused(said, str(tmp_path / "file"), "--out")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_a_read_only_folder_is_named(one, tmp_path):
    """As a user who may not write there."""
    import subprocess

    nobody = pwd.getpwnam("nobody")
    (tmp_path / "out").mkdir()
    try:
        subprocess.run([GENSC, "--help"], user=nobody.pw_uid, capture_output=True, check=True)
    except (PermissionError, subprocess.CalledProcessError):
        pytest.skip("this checkout cannot be read by another user")
    (tmp_path / "a.toml").write_text(tiny_toml(one.folder))
    done = subprocess.run([GENSC, "run", one.file, "--out", tmp_path / "out"], user=nobody.pw_uid, text=True,
                          capture_output=True, env={**one.env, "HOME": "/nonexistent"}, timeout=120)
    assert done.returncode == 2 and "Traceback" not in done.stderr and "gensc: " in done.stderr


def test_no_setting_is_lost_by_its_place(one, tmp_path):
    """An option of a part given before the part's name is used; never dropped."""
    from gensc import config

    said = call("run", one.file, "--out", tmp_path / "out", "--seeds", "0", "--set", "link.transport.uses=8",
                "--set", "link.transport.name=analog", "--set", "train.epochs=1")
    assert said.code == 0, said.err
    assert config.load(tmp_path / "out" / "experiment.toml").link.transport.options["uses"] == 8


def test_nothing_to_pipe_into_is_no_crash(one):
    """`gensc list | head -1`."""
    import subprocess

    done = subprocess.run(f"{GENSC} list channel | head -1", shell=True, env=one.env, capture_output=True, text=True)
    assert "Traceback" not in done.stderr and done.stdout.startswith("channel")


def test_the_installed_command_refuses_too(one, tmp_path):
    refused(gensc("run", one.file, "--out", tmp_path / "out", "--snr-db", "nan", env=one.env), "--snr-db", "nan")


def test_a_link_with_nothing_to_learn_is_written_as_it_is(tmp_path):
    experiment = tmp_path / "webp.toml"
    experiment.write_text('[data]\nsource = "vehicles:48"\nsize = 32\n[link.codec]\nname = "picture"\n'
                          '[link.transport]\nname = "digital"\nuses = 900\n[link.task]\nname = "reconstruct"\n')
    link = tmp_path / "webp.safetensors"
    said = call("train", experiment, "--out", link)
    assert said.code == 0 and "nothing to learn" in said.out
    said = call("eval", link, "--data", "vehicles:16:3", "--snr-db", "0,20")
    rows = [line.split(",") for line in said.out.splitlines() if ",psnr," in line]
    assert said.code == 0 and float(rows[1][4]) > float(rows[0][4]) > 10
