"""What earlier versions saved still loads: tests/data has the files, made by the version in their names."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import tilewright as tw
from tilewright import nn

DATA = Path(__file__).parent / "data"


@pytest.fixture
def state():
    return pickle.loads((DATA / "state-0.1.0.pickle").read_bytes())


def test_training_goes_on(state):
    net, optimizer = state["net"], state["optimizer"]
    before = [p.detach().numpy().copy() for p in net.parameters()]
    state["criterion"](net(tw.ones((2, 2))), tw.zeros((2, 1))).backward()
    optimizer.step()
    assert any((p.detach().numpy() != b).any() for p, b in zip(net.parameters(), before, strict=True))
    optimizer.param_groups[1]["lr"] = 0.25
    optimizer.step()
    again = pickle.loads(pickle.dumps(optimizer))
    assert again.param_groups[1]["lr"] == 0.25 and len(again.state) == len(optimizer.state)


def test_data_sets_are_whole(state):
    first, second = state["parts"]
    assert (len(first), len(second)) == (4, 2)
    assert sorted(first[:][0].tolist() + second[[0, 1]][0].tolist()) == [0, 1, 2, 3, 4, 5]
    assert first[0][1].item() in range(6)


def test_the_rest(state):
    assert state["generator"].state == tw.random.Generator(3).state
    assert state["parameter"].requires_grad and isinstance(state["parameter"], nn.Parameter)


def test_state_dicts_load():
    net = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    whole = nn.Sequential(net, nn.BCEWithLogitsLoss(pos_weight=1.0))
    assert whole.load_state_dict(tw.io.load(DATA / "state-0.1.0.safetensors")) == ([], [])
    assert whole[1].pos_weight.item() == 2.0
