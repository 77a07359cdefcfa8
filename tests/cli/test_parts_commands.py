"""Commands about what there is: list, zoo, doctor, and every command's help."""

import pytest

from gensc import registry
from helpers import call, environment, gensc, refused

COMMANDS = ["run", "train", "eval", "report", "list", "doctor", "zoo list", "zoo pull", "bench qnn", "bench qubit",
            "bench qubit-accuracy", "bench cvqkd", "bench kernel", "bench nodes",
            "keys create", "keys fill", "keys left"]


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "cache"))


def test_list_names_every_part_of_every_kind():
    said = call("list")
    assert said.code == 0 and said.err == ""
    rows = {tuple(line.split()[:2]) for line in said.out.splitlines()}
    assert rows >= {(kind, name) for kind in registry.HOMES for name in registry.names(kind)}
    assert ("experiment", "table1") in rows


@pytest.mark.parametrize("kind", sorted(registry.HOMES))
def test_a_kind_is_listed_with_its_options(kind):
    said = call("list", kind)
    assert said.code == 0
    for name in registry.names(kind):
        assert f"{kind:<10} {name} " in said.out
        for option in registry.options_of(registry.lookup(kind, name)):
            assert f" {option} = " in said.out
    assert "inspect" not in said.out and "<class" not in said.out


def test_an_unknown_kind_gets_the_nearest():
    assert "did you mean 'channel'" in refused(call("list", "chanel"), "'chanel'", "transport")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example_that_names_it(command):
    said = call(*command.split(), "--help")
    assert said.code == 0 and "Usage:" in said.out
    assert f"Example: gensc {command}" in said.out


def test_the_root_says_what_it_is_and_what_there_is():
    said = call("--help")
    assert said.code == 0 and "semantic communication" in said.out and "Example: gensc" in said.out
    assert all(command.split()[0] in said.out for command in COMMANDS)


@pytest.mark.parametrize("line", [
    "rum", "run", "run table1 --wrokers 2", "run table1 --workers 0", "run table1 --workers two", "eval",
    "train x.toml", "zoo push", "train x.toml --out y --seed -1",
])
def test_wrong_usage_is_exit_code_2_without_a_traceback(line):
    said = call(*line.split())
    assert said.code == 2 and "Traceback" not in said.err and said.err.strip()


def test_doctor_says_what_this_machine_has(tmp_path, monkeypatch):
    said = call("doctor")
    assert said.code == 0 and said.err == ""
    facts = {line[:22].strip(): line[22:].strip() for line in said.out.splitlines()}
    assert {"python", "gensc", "torch", "timm", "cores", "gpu", "cache"} <= facts.keys()
    assert "weights efficientnet_lite0" in said.out
    assert facts["cache"].startswith(str(tmp_path / "cache")) and "GiB free" in facts["cache"]
    assert not (tmp_path / "cache").exists()


def test_doctor_works_with_a_cache_that_cannot_be(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("GENSC_CACHE", str(tmp_path / "file" / "cache"))
    assert call("doctor").code == 0


def test_the_installed_command_works_and_is_quick_to_help(tmp_path):
    said = gensc("zoo", "pull", "resnet50", env=environment(tmp_path))
    refused(said, "resnet50", "gensc zoo pull resnet50")
    assert len(said.err.splitlines()) == 1


def test_help_needs_no_torch():
    """A command line that answers at once: nothing heavy is imported for it."""
    import subprocess
    import sys

    code = ("import sys; sys.argv = ['gensc', '--help']\nfrom gensc.cli import main\ntry:\n    main()\n"
            "except SystemExit:\n    pass\nprint([name for name in ('torch', 'timm', 'numba', 'matplotlib') "
            "if name in sys.modules])")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]", done.stdout + done.stderr
