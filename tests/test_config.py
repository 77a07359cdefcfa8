import dataclasses
import math
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gensc import config
from gensc.config import DataSpec, EvaluateSpec, Experiment, LinkSpec, Part, TrainSpec, changed, digest, expand
from gensc.errors import InputError

NUMBERS = st.floats(-1e6, 1e6, allow_nan=False)
DECIBELS = st.one_of(NUMBERS, st.just(math.inf))
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
KEYS = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8).filter(lambda key: key != "name")
VALUES = st.recursive(st.one_of(st.booleans(), st.integers(-2**53, 2**53), DECIBELS, TEXT),
                      lambda one: st.lists(one, max_size=3) | st.dictionaries(KEYS, one, max_size=3), max_leaves=5)
PARTS = st.builds(Part, TEXT, st.dictionaries(KEYS, VALUES, max_size=3))
SHARES = st.floats(0.01, 0.99)
EXPERIMENTS = st.builds(
    Experiment,
    name=TEXT,
    seeds=st.lists(st.integers(0, 2**31 - 1), min_size=1, max_size=4, unique=True).map(tuple),
    device=st.sampled_from(["auto", "cpu", "cuda", "mps"]),
    data=st.builds(DataSpec, TEXT, TEXT, st.just(0) | st.integers(32, 512), st.integers(0, 99), SHARES, SHARES,
                   st.booleans()),
    link=st.builds(LinkSpec, PARTS, PARTS, PARTS, PARTS),
    train=st.builds(TrainSpec, st.integers(1, 99), st.integers(2, 999), st.floats(1e-6, 1), st.floats(0, 1),
                    st.integers(1, 99), st.tuples(NUMBERS, NUMBERS).map(lambda two: tuple(sorted(two))),
                    st.integers(1, 9)),
    evaluate=st.builds(EvaluateSpec, st.lists(DECIBELS, min_size=1, max_size=4).map(tuple),
                       st.sampled_from(["receiver", "pilots", "none"])),
    schemes=st.lists(st.dictionaries(KEYS, VALUES, max_size=3), max_size=2).map(tuple),
    grid=st.dictionaries(KEYS, st.lists(VALUES, max_size=3), max_size=2),
)


@given(EXPERIMENTS)
def test_an_experiment_survives_toml(experiment):
    again = config.from_table(tomllib.loads(config.to_toml(experiment)))
    assert again == experiment
    assert digest(again) == digest(experiment)


@pytest.mark.parametrize("name", ["car 🚗", "naïve", "tab\there", "del\x7f", 'quo"te\\', "line\nbreak"])
def test_any_name_survives_toml(name):
    experiment = Experiment(name=name, link=LinkSpec(channel=Part("awgn", {name: name})))
    assert config.from_table(tomllib.loads(config.to_toml(experiment))) == experiment


def test_the_defaults_survive_a_file(tmp_path):
    path = tmp_path / "experiment.toml"
    path.write_text(config.to_toml(Experiment()), encoding="utf-8")
    assert config.load(path) == Experiment()
    path.write_text("")
    assert config.load(path) == Experiment()


@pytest.mark.parametrize(("toml", "message"), [
    ("[lnk]", "no option 'lnk'.*did you mean 'link'"),
    ("[train]\nepoch = 3", r"\[train\].*no option 'epoch'.*did you mean 'epochs'"),
    ("[link.chanel]\nname = 'awgn'", r"\[link\].*no option 'chanel'.*did you mean 'channel'"),
    ("[link.channel]\nk_db = 3.0", r"\[link.channel\] needs a name"),
    ("link = 3", r"\[link\] is 3: expected a table"),
    ("[train]\nepochs = true", "epochs is True .*expected int"),
    ("[train]\nepochs = 3.0", "epochs is 3.0 .*expected int"),
    ("[data]\nsize = '224'", "size is '224'.*expected int"),
    ("[evaluate]\ncsi = 'reciever'", "csi is 'reciever'.*did you mean 'receiver'"),
    ("[evaluate]\nsnr_db = 10", "snr_db is 10"),
    ("[evaluate]\nsnr_db = [1, nan]", "evaluate.snr_db"),
    ("[evaluate]\nsnr_db = [-inf]", "evaluate.snr_db"),
    ("[evaluate]\nsnr_db = []", "evaluate.snr_db"),
    ("[train]\nsnr_db = [nan, nan]", "train.snr_db"),
    ("[train]\nsnr_db = [10, 0]", "train.snr_db.*lowest, highest"),
    ("[train]\nsnr_db = [1, 2, 3]", "train.snr_db"),
    ("[train]\nrate = 0.0", "train.rate"),
    ("[train]\nrate = nan", "train.rate"),
    ("[train]\nweight_decay = -1", "train.weight_decay"),
    ("[train]\nweight_decay = nan", "train.weight_decay"),
    ("[data]\nvalidation = 0.0", "data.validation"),
    ("[data]\ntest_share = 1.0", "data.test_share"),
    ("[data]\nsize = 16", "data.size.*32"),
    ("[data]\nsize = -1", "data.size.*32"),
    ("[data]\nsize = 64\n[train]\ncrop = 65", "train.crop is 65.*data.size, 64"),
    ("[train]\ncrop = -1", "train.crop is -1"),
    ("[train]\ncodec_rate = 0.0", "train.codec_rate 0.0"),
    ("[train]\ncodec_rate = nan", "train.codec_rate nan"),
    ("device = 'gpu'", "device is 'gpu'.*'auto'|device is 'gpu'.*auto, cpu, cuda, mps"),
    ("device = 'cdua'", "device is 'cdua'.*did you mean 'cuda'"),
    ("seeds = []", "seeds"), ("seeds = [1, 1]", "seeds"), ("seeds = [-1]", "seeds"),
    ("seeds = [1", "TOML"),
])
def test_a_mistake_is_named_with_its_file_and_key(tmp_path, toml, message):
    path = tmp_path / "wrong.toml"
    path.write_text(toml)
    with pytest.raises(InputError, match=f"(?s)wrong.toml.*{message}"):
        config.load(path)


def test_pictures_as_they_are_have_any_crop():
    table = {"data": {"size": 0}, "train": {"crop": 4096}}
    assert config.from_table(table).train.crop == 4096


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match="no experiment file"):
        config.load(tmp_path / "none.toml")


def test_schemes_are_crossed_with_the_grid():
    base = Experiment(
        schemes=({"link.transport.name": "features"}, {"link.transport.name": "analog", "link.transport.uses": 64}),
        grid={"link.channel.name": ["awgn", "rayleigh"], "data.size": [64, 96, 128]})
    each = expand(base)
    assert len(each) == 12
    assert all(one.schemes == () and one.grid == {} for one in each)
    seen = [(one.link.transport.name, one.link.channel.name, one.data.size) for one in each]
    assert seen == [(t, c, s) for t in ("features", "analog") for c in ("awgn", "rayleigh") for s in (64, 96, 128)]
    assert each[-1].link.transport.options == {"uses": 64}
    assert expand(Experiment()) == (Experiment(),)


@pytest.mark.parametrize("values", [[], 3, "ab"])
def test_a_grid_key_needs_values(values):
    with pytest.raises(InputError, match=r"grid\.data\.size"):
        expand(Experiment(grid={"data.size": values}))


def test_a_new_name_drops_the_options_of_the_old_part():
    base = Experiment(link=LinkSpec(channel=Part("rician", {"k_db": 3.0})))
    assert changed(base, {"link.channel.name": "awgn"}).link.channel == Part("awgn")
    assert changed(base, {"link.channel.name": "rician"}).link.channel.options == {"k_db": 3.0}
    assert base.link.channel.options == {"k_db": 3.0}, "the given experiment stays"


@pytest.mark.parametrize(("key", "message"), [
    ("link.transprt.uses", "did you mean 'transport'"), ("train.epoch", "did you mean 'epochs'"),
    ("data.size.px", "no 'size' in the key"), ("lnk", "did you mean 'link'"),
])
def test_a_change_of_an_unknown_key_is_named(key, message):
    with pytest.raises(InputError, match=message):
        changed(Experiment(), {key: 3})


OTHER = {str: "other", int: 77, float: 0.123, bool: True}


def changes():
    base = Experiment()
    for spec in dataclasses.fields(base):
        value = getattr(base, spec.name)
        if spec.name in ("data", "train", "evaluate"):
            for inner in dataclasses.fields(value):
                old = getattr(value, inner.name)
                new = "none" if inner.name == "csi" else OTHER.get(type(old), (1.0, 2.0))
                yield f"{spec.name}.{inner.name}", dataclasses.replace(
                    base, **{spec.name: dataclasses.replace(value, **{inner.name: new})})
    for noun in ("codec", "transport", "channel", "task"):
        old = getattr(base.link, noun)
        for part in (Part("other"), Part(old.name, {"x": 1})):
            yield f"link.{noun}", dataclasses.replace(base, link=dataclasses.replace(base.link, **{noun: part}))
    others = {"name": "other", "seeds": (5,), "device": "cpu", "schemes": ({"a": 1},), "grid": {"a": [1]}}
    for key, new in others.items():
        yield key, dataclasses.replace(base, **{key: new})


def test_the_digest_changes_with_every_field():
    cases = list(changes())
    seen = {digest(experiment) for _, experiment in cases} | {digest(Experiment())}
    assert len(cases) > 25
    assert len(seen) == len(cases) + 1
    assert digest(Experiment()) == digest(config.from_table({})) != digest(Experiment(), "more")
