"""The packaged experiments."""

import pytest

from gensc import config
from gensc.experiment import packaged as experiments
from gensc.link import build


def test_table1_has_one_row_with_the_hybrid_head():
    links = [one.link for one in config.expand(experiments.table1())]
    heads = [(link.task.options["head"], link.transport.name, link.channel.name)
             for link in links if link.codec.options.get("model") == experiments.HYBRID]
    assert heads.count(("qnn", "features", "awgn")) == 1
    assert [head for head, *_ in heads if head.startswith("qnn")] == ["qnn"]
    assert ("2xfc", "features", "awgn") in heads


def test_hqc_sets_the_hybrid_head_beside_its_ablations():
    each = config.expand(experiments.named("hqc"))
    assert [one.link.task.options["head"] for one in each] == [
        "3xfc", "qnn", "qnn-noskip", "qnn-classical", "qnn-classical-noskip"]
    assert {one.seeds for one in each} == {(0, 1, 2, 3, 4)} and {one.evaluate.snr_db for one in each} == {(10.0, 30.0)}
    assert {(one.link.codec.name, one.link.transport.name, one.link.channel.name) for one in each} == {
        ("backbone", "features", "awgn")}
    table1 = experiments.table1()
    assert all((one.train, one.data) == (table1.train, table1.data) for one in each)
    # A matrix of as many parameters stands in for the circuit.
    sizes = {one.link.task.options["head"]: sum(value.numel() for value in build(one.link, 16, 64).task.parameters())
             for one in each}
    assert len({sizes[head] for head in sizes if head.startswith("qnn")}) == 1


def test_fine_tuned_networks_learn_slower_than_what_is_new():
    each = config.expand(experiments.table1())
    rates = {one.link.codec.options.get("mode", "frozen"): one.train.codec_rate for one in each}
    assert rates == {"frozen": 1.0, "finetune": 0.2}


@pytest.mark.parametrize("name", experiments.RECIPES)
def test_the_recipe_of_a_packaged_link_can_be_run(name):
    one, = config.expand(experiments.named(name))
    link = build(one.link, 1, one.train.crop or one.data.size)
    assert any(parameter.requires_grad for parameter in link.parameters())
    assert one.train.crop or one.data.size, "pictures of one size make a batch"
