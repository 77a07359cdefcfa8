"""QPU nodes: their noise, the same learning over any number of them, lost nodes, staleness, and no orphans."""

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch

from gensc.errors import InputError, RunLost
from gensc.machine.pool import Reply
from gensc.quantum.circuit.circuit import Circuit
from gensc.quantum.circuit.statevector import expectations
from gensc.quantum.nodes.classifier import Classifier
from gensc.quantum.nodes.node import Node
from gensc.quantum.nodes.pool import node_pool
from gensc.quantum.nodes.training import Plan, train
from gensc.rng import Rng

# helpers is imported in the functions that use it: workers import this module too, and that would be slow.

MODEL = Classifier(Circuit(4, 1, "strong"), 3)
NOISY = Node(shots=20, depolarizing=0.05, readout=0.02)


def data(items=48, k=6):
    generator = np.random.default_rng(0)
    labels = np.arange(items) % 3
    return generator.normal(size=(3, k))[labels] + 0.5 * generator.normal(size=(items, k)), labels


def plan(steps=6, **changes):
    return Plan(**{"steps": steps, "batch": 12, "rate": 0.4, **changes})


class Here:
    """A pool in this process, in virtual time: node n takes ``delays[n]`` for a job. ``log`` has what happened."""

    def __init__(self, nodes, delays=None):
        self.nodes, self.delays = nodes, delays or [1.0] * len(nodes)
        self.log, self.jobs, self.now, self.tickets, self.done = [], [], 0.0, 0, Counter()

    @property
    def size(self):
        return len(self.nodes)

    def submit(self, node, job):
        self.tickets += 1
        self.log.append(("submit", node))
        self.done[node] += 1
        stops = self.nodes[node].stops_after
        if stops is None or self.done[node] <= stops:
            self.jobs.append((self.now + self.delays[node], self.tickets, node, job))
        return self.tickets

    def collect(self, timeout_s):
        if not self.jobs:
            return None
        first = min(self.jobs, key=lambda one: one[:2])
        self.jobs.remove(first)
        self.now, ticket, node, job = first
        self.log.append(("answer", node))
        try:
            return Reply(node, "answer", ticket, job(self.nodes[node]))
        except InputError as error:
            return Reply(node, "error", ticket, error)

    def close(self):
        pass


def run(nodes, the_plan, delays=None, model=MODEL):
    return list(train(model, *data(), the_plan, Here(nodes, delays)))


def losses(steps):
    return np.array([step.loss for step in steps])


def plain(the_plan, model=MODEL):
    """The same learning with nothing but torch."""
    features, labels = map(torch.from_numpy, data())
    parameters = torch.from_numpy(model.first(Rng.seeded(0, "nodes", "parameters"))).requires_grad_()
    optimiser = torch.optim.SGD([parameters], lr=the_plan.rate)
    seen = []
    for step in range(the_plan.steps):
        epoch, place = divmod(step, len(features) // the_plan.batch)
        order = Rng.seeded(0, "nodes", "order", epoch).permutation(len(features))
        items = order[place * the_plan.batch : (place + 1) * the_plan.batch]
        angles, matrix, bias = parameters.split([model.circuit.parameters, 12, 3])
        z = expectations(model.circuit, angles.view(model.circuit.weights_shape), features[items])
        loss = torch.nn.functional.cross_entropy(z @ matrix.view(3, 4).T + bias, labels[items])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        seen.append(loss.item())
    return np.array(seen), parameters.detach().numpy()


@pytest.mark.parametrize("split", ["data", "shifts"])
@pytest.mark.parametrize("count", [1, 2, 4, 5])
def test_any_number_of_noiseless_nodes_learns_as_plain_torch_does(count, split):
    the_plan = plan(split=split)
    steps = run([Node()] * count, the_plan)
    want, parameters = plain(the_plan)
    assert np.abs(losses(steps) - want).max() < 1e-12
    assert np.abs(steps[-1].parameters - parameters).max() < 1e-12
    assert want[-1] < want[0]


def test_shots_of_an_item_are_its_own_whichever_node_takes_it():
    one = losses(run([NOISY], plan(2)))
    assert np.abs(one - plain(plan(2))[0]).max() > 1e-3
    for count, split in ((3, "data"), (1, "shifts"), (3, "shifts")):
        assert np.abs(losses(run([NOISY] * count, plan(2, split=split))) - one).max() < 1e-12


@pytest.mark.parametrize("split", ["data", "shifts"])
def test_the_share_of_a_stopped_node_goes_to_the_others(split):
    nodes = [Node(), Node(stops_after=3), Node()]
    steps = run(nodes, plan(split=split))
    assert np.abs(losses(steps) - plain(plan())[0]).max() < 1e-12
    noted = [step for step in steps if step.notes]
    assert len(noted) == 1 and "node 1 did not answer" in noted[0].notes[0]
    assert [step.living for step in steps] == [3] * noted[0].step + [2] * (6 - noted[0].step)


def test_the_last_node_lost_ends_the_run():
    with pytest.raises(RunLost, match=r"no QPU node is left.*timeout_s"):
        run([Node(stops_after=2), Node(stops_after=1)], plan())


def test_staleness_0_is_synchronous():
    steps = run([Node()] * 3, plan(staleness=0), [1.0, 5.0, 2.0])
    assert np.abs(losses(steps) - plain(plan())[0]).max() < 1e-12
    assert {step.staleness for step in steps} == {0}


@pytest.mark.parametrize("bound", [1, 3])
def test_no_node_gets_further_ahead_than_the_bound(bound):
    """Counted from what the pool saw: who starts step c while the slowest has delivered at least c - s."""
    pool = Here([Node()] * 3, [1.0, 10.0, 1.5])
    steps = list(train(MODEL, *data(), plan(12, staleness=bound), pool))
    started, delivered, ahead = Counter(), Counter({0: 0, 1: 0, 2: 0}), []
    for what, node in pool.log:
        if what == "submit":
            ahead.append(started[node] - min(delivered.values()))
            started[node] += 1
        else:
            delivered[node] += 1
    assert max(ahead) == bound == max(step.staleness for step in steps)
    # Nothing is dropped: every node delivers a share of every batch.
    assert set(delivered.values()) == {12}
    assert [step.step for step in steps] == list(range(12))
    assert 1e-6 < np.abs(losses(steps) - plain(plan(12))[0]).max() < 0.5


def test_a_stopped_node_does_not_hold_up_bounded_staleness():
    steps = run([Node(), Node(stops_after=3)], plan(10, staleness=2))
    noted = [step for step in steps if step.notes]
    assert len(steps) == 10 and len(noted) == 1 and "goes on without" in noted[0].notes[0]
    assert steps[-1].living == 1 and steps[-1].loss < steps[0].loss


@pytest.mark.parametrize("layers", ["basic_rx", "strong"])
def test_noise_is_that_of_a_density_matrix(layers):
    """PennyLane's density matrices: all 16 Pauli strings after each layer, bits flipped at the end."""
    qml = pytest.importorskip("pennylane")
    circuit, p, q = Circuit(2, 3, layers), 0.1, 0.07
    pauli = [np.eye(2), np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1])]
    odds = [1 - p] + [p / 15] * 15
    kraus = [odd**0.5 * np.kron(one, two) for odd, (one, two) in
             zip(odds, [(a, b) for a in pauli for b in pauli], strict=True)]
    generator = torch.Generator().manual_seed(0)
    weights = 6 * torch.rand(circuit.weights_shape, generator=generator, dtype=torch.float64)
    features = torch.randn(1, 4, generator=generator, dtype=torch.float64)

    @qml.qnode(qml.device("default.mixed", wires=2))
    def reference():
        qml.AmplitudeEmbedding(features[0].numpy(), wires=[0, 1], normalize=True)
        for layer in range(3):
            one = weights[layer : layer + 1].numpy()
            if layers == "strong":
                qml.StronglyEntanglingLayers(one, wires=[0, 1], ranges=[1])
            else:
                qml.BasicEntanglerLayers(one, wires=[0, 1], rotation=qml.RX)
            qml.QubitChannel(kraus, wires=[0, 1])
        for wire in (0, 1):
            qml.BitFlip(q, wires=wire)
        return [qml.expval(qml.PauliZ(wire)) for wire in (0, 1)]

    got = Node(depolarizing=p, readout=q).run(circuit, weights, features, Rng.seeded(0))
    assert np.abs(got[0].numpy() - np.array(reference())).max() < 1e-9


def test_shots_have_the_mean_and_variance_of_the_noise():
    """4,000 estimates of 50 shots: mean m = <Z> with noise and variance (1 - m^2) / 50, within 4.5 standard errors."""
    features = torch.from_numpy(data(1)[0]).expand(4000, -1)
    weights = MODEL.weights(MODEL.first(Rng.seeded(1)))
    rng = Rng.seeded(0, "test").of(4000)
    exact = Node(depolarizing=0.1, readout=0.1).run(MODEL.circuit, weights, features[:1], rng)[0]
    seen = Node(shots=50, depolarizing=0.1, readout=0.1).run(MODEL.circuit, weights, features, rng)
    variance = (1 - exact**2) / 50
    assert ((seen.mean(dim=0) - exact).abs() < 4.5 * (variance / 4000).sqrt()).all()
    assert ((seen.var(dim=0) / variance - 1).abs() < 4.5 * (2 / 4000) ** 0.5).all()


def test_waits_are_those_of_a_queue(monkeypatch):
    """2,000 runs: the wait is the latency and an exponential draw, mean and standard deviation the jitter's."""
    waits = []
    monkeypatch.setattr(time, "sleep", waits.append)
    node, circuit = Node(latency_s=0.5, jitter_s=0.1), Circuit(1, 1)
    for run in range(2000):
        node.run(circuit, torch.zeros(1, 1), torch.ones(1, 2), Rng.seeded(0, run))
    drawn = np.array(waits) - 0.5
    assert drawn.min() > 0
    assert abs(drawn.mean() - 0.1) < 4.5 * 0.1 / 2000**0.5
    # The fourth moment of an exponential about its mean is 9: a variance's relative error is sqrt(8 / n).
    assert abs(drawn.var() / 0.01 - 1) < 4.5 * (8 / 2000) ** 0.5


@pytest.mark.parametrize(("options", "says"), [
    ({"shots": 0}, "shots is 0"), ({"depolarizing": 1.2}, "depolarizing is 1.2"),
    ({"readout": -0.1}, "readout is -0.1"), ({"readout": float("nan")}, "readout is nan"),
    ({"latency_s": -1.0}, "latency_s is -1"),
    ({"jitter_s": float("inf")}, "jitter_s is inf"), ({"stops_after": -1}, "stops_after is -1")], ids=str)
def test_a_node_out_of_range_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        Node(**options)


@pytest.mark.parametrize(("options", "says"), [
    ({"steps": 0}, "steps is 0"), ({"rate": 0.0}, "rate is 0"), ({"split": "model"}, "split is 'model'"),
    ({"staleness": -1}, "staleness is -1"), ({"staleness": 1, "split": "shifts"}, "staleness needs split"),
    ({"batch": 49}, "batch is 49 and there are 48 items"), ({"batch": 1}, "batch is 1 for 2 nodes"),
    ({"timeout_s": 0.0}, "timeout_s is 0")], ids=str)
def test_a_plan_that_cannot_be_is_refused(options, says):
    with pytest.raises(InputError, match=says):
        run([Node()] * 2, plan(**options))


@pytest.mark.parametrize(("change", "says"), [
    (lambda x, y: (x.astype(np.float32), y), "features are float32"), (lambda x, y: (x, y[1:]), "labels are int64"),
    (lambda x, y: (x, y + 1), "labels go from 1 to 3"), (lambda x, y: (np.where(x > 1, np.nan, x), y), "nan or inf"),
    (lambda x, y: (0 * x, y), "all zero")], ids=["kind", "count", "classes", "nan", "zeros"])
def test_data_that_cannot_be_learned_are_refused(change, says):
    with pytest.raises(InputError, match=says):
        list(train(MODEL, *change(*data()), plan(), Here([Node()] * 2)))


def test_no_nodes_and_no_classes_are_refused():
    with pytest.raises(InputError, match="no QPU nodes"):
        node_pool([]).__enter__()
    with pytest.raises(InputError, match="classes is 1"):
        Classifier(MODEL.circuit, 1)


def test_processes_learn_together_and_a_killed_one_is_noticed():
    """Both splits, bounded staleness, then one process killed and the other stopped by the system."""
    from helpers import alive

    with node_pool([Node(), Node(latency_s=0.01)]) as pool:
        first, second = (process.pid for process in pool.processes)
        for split in ("data", "shifts"):
            steps = list(train(MODEL, *data(), plan(3, split=split), pool))
            assert np.abs(losses(steps) - plain(plan(3))[0]).max() < 1e-12
        assert len(list(train(MODEL, *data(), plan(6, staleness=2), pool))) == 6
        with pytest.raises(InputError, match="all zero"):
            list(train(MODEL, np.zeros((48, 6)), data()[1], plan(), pool))
        steps = train(MODEL, *data(), plan(), pool)
        seen = [next(steps)]
        os.kill(second, signal.SIGKILL)
        seen += steps
        assert np.abs(losses(seen) - plain(plan())[0]).max() < 1e-12
        assert [note for step in seen for note in step.notes] == [
            "node 1 is gone: its process ended; the others do its share"]
        os.kill(first, signal.SIGSTOP)
        with pytest.raises(RunLost, match=r"did not answer for 0\.2 s, and it was the last"):
            list(train(MODEL, *data(), plan(timeout_s=0.2), pool))
    assert not alive(first) and not alive(second)


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGINT], ids=["killed", "ctrl-c"])
def test_workers_end_with_their_parent(how, tmp_path):
    """The worker is silent and asleep, as a node that has stopped answering."""
    from helpers import alive, environment, family

    code = f"""
import pathlib, signal, test_nodes as t
# A shell's background job starts deaf to Ctrl-C.
signal.signal(signal.SIGINT, signal.default_int_handler)
with t.node_pool([t.Node(stops_after=0)]) as pool:
    steps = t.train(t.MODEL, *t.data(), t.plan(), pool)
    pathlib.Path({str(tmp_path / "pid")!r}).write_text(str(pool.processes[0].pid))
    next(steps)
"""
    path = os.pathsep.join([str(Path(__file__).parent), os.environ.get("PYTHONPATH", "")])
    parent = subprocess.Popen([sys.executable, "-c", code], env={**environment(tmp_path), "PYTHONPATH": path},
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    below = []
    try:
        assert eventually(lambda: (tmp_path / "pid").exists() or parent.poll() is not None, 120)
        below = family(parent.pid)
        worker = int((tmp_path / "pid").read_text())
        assert worker in below and alive(worker)
        # To the whole group, as a terminal does; a kill finds the parent alone.
        os.killpg(parent.pid, how) if how == signal.SIGINT else parent.kill()
        _, said = parent.communicate(timeout=60)
        assert how == signal.SIGKILL or said.count("KeyboardInterrupt") == 1
        assert eventually(lambda: not any(alive(pid) for pid in below), 30)
    finally:
        parent.kill()
        parent.wait()
        for pid in below:
            if alive(pid):
                os.kill(pid, signal.SIGKILL)


def eventually(condition, seconds):
    stop = time.monotonic() + seconds
    while not condition() and time.monotonic() < stop:
        time.sleep(0.02)
    return condition()
