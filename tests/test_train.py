"""Trainer: the loop against a bare one, validation, metrics, callbacks, and what it takes."""

from __future__ import annotations

import csv
import math
import statistics
import sys
import threading
import time

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn, train
from tilewright.data import DataLoader, TensorDataset


def dataset(n=40):
    x = tw.random.Generator(0).normal(size=(n, 3))
    return TensorDataset(x, tw.astype(x[:, 0] > x[:, 1], "int64"))


def model():
    return nn.Sequential(
        nn.Linear(3, 8, generator=tw.random.Generator(1)), nn.ReLU(), nn.Linear(8, 2, generator=tw.random.Generator(2))
    )


def trainer(*, net=None, lr=0.05, **options):
    net = net or model()
    optimizer = tw.optim.SGD(net.parameters(), lr=lr, momentum=0.9)
    if "schedule" in options:
        options["schedule"] = options["schedule"](optimizer)
    return train.Trainer(net, nn.CrossEntropyLoss(), optimizer, progress=False, **options)


def loader(batch_size=8, **options):
    return DataLoader(dataset(), batch_size, **options)


def weights(net):
    return [value.tolist() for value in net.state_dict().values()]


def bare(net, batches, epochs, clip=None):
    """The same by hand; the losses of the epochs."""
    optimizer, criterion = tw.optim.SGD(net.parameters(), lr=0.05, momentum=0.9), nn.CrossEntropyLoss()
    losses = []
    for _ in range(epochs):
        total = count = 0
        for x, y in batches:
            loss = criterion(net(x), y)
            loss.backward()
            if clip is not None:
                clip(net.parameters())
            optimizer.step()
            optimizer.zero_grad()
            total, count = total + loss.item() * len(y), count + len(y)
        losses.append(total / count)
    return losses


@pytest.mark.parametrize(
    ("options", "clip"),
    [
        ({}, None),
        ({"clip_norm": 0.1}, lambda parameters: nn.utils.clip_grad_norm_(parameters, 0.1)),
        ({"clip_value": 0.01}, lambda parameters: nn.utils.clip_grad_value_(parameters, 0.01)),
    ],
)
def test_it_does_what_a_bare_loop_does(options, clip):
    expected, got = model(), trainer(**options)
    losses = bare(expected, loader(16), 3, clip)
    history = got.fit(loader(16), epochs=3)
    assert weights(got.model) == weights(expected)
    assert history == {"loss": losses, "lr": [0.05] * 3}
    assert (got.epoch, got.batch, got.batches, got.step) == (3, 0, 9, 9)


def test_gradients_of_several_batches_make_one_step():
    got, whole = trainer(accumulate=4), trainer()
    got.fit(loader(10), epochs=2)
    whole.fit(loader(40), epochs=2)
    assert got.step == whole.step == 2
    for a, b in zip(got.model.parameters(), whole.model.parameters(), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-5, atol=1e-7)
    rest = trainer(accumulate=3)
    rest.fit(loader(10))  # 4 batches: the last one makes a step of its own
    assert rest.step == 2 and all(p.grad is None for p in rest.model.parameters())


def test_fit_counts_epochs_in_total():
    once, twice = trainer(), trainer()
    once.fit(loader(), epochs=3)
    twice.fit(loader(), epochs=1)
    assert twice.fit(loader(), epochs=3) is twice.history
    assert twice.history == once.history and weights(twice.model) == weights(once.model)
    twice.fit(loader(), epochs=3)
    assert twice.epoch == 3


def test_schedules_go_on_by_epoch_by_step_or_by_the_loss():
    def halving(optimizer):
        return tw.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)

    by_epoch = trainer(schedule=halving)
    assert by_epoch.fit(loader(), epochs=3)["lr"] == [0.05, 0.025, 0.0125]
    by_step = trainer(schedule=halving, schedule_per="step", accumulate=5)
    assert by_step.fit(loader(), epochs=3)["lr"] == [0.025, 0.0125, 0.00625]
    lowered = trainer(schedule=lambda o: tw.optim.lr_scheduler.ReduceLROnPlateau(o, patience=0, threshold=0.9))
    assert lowered.fit(loader(), loader(), epochs=3)["lr"] == pytest.approx([0.05, 0.05, 0.005])


def test_metrics_of_scikit_learn_are_taken_as_they_are():
    metrics = pytest.importorskip("sklearn.metrics", reason="needs scikit-learn")
    got = trainer(metrics={"f1": metrics.f1_score, "accuracy": train.accuracy})
    got.metrics["scikit"] = metrics.accuracy_score
    history = got.fit(loader(), loader(7), epochs=2)
    labels, classes = dataset()[:][1].numpy(), got.predict(loader(7)).argmax(axis=1).numpy()
    assert history["validation_f1"][-1] == pytest.approx(metrics.f1_score(labels, classes))
    assert history["validation_accuracy"] == history["validation_scikit"]
    assert list(trainer(metrics=[metrics.f1_score, train.accuracy]).evaluate(loader())) == [
        "loss",
        "f1_score",
        "accuracy",
    ]


def test_evaluation_leaves_everything_as_it_was():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Dropout(0.5), nn.Linear(4, 2))
    net[1].eval()
    got = trainer(net=net)
    before, state = weights(net), tw.random.default_generator.state
    values = got.evaluate(loader(7))
    assert values == got.evaluate(loader(7)) and list(values) == ["loss"]
    assert got.predict(loader(7)).tolist() == got.predict(loader(7)).tolist()
    assert weights(net) == before and tw.random.default_generator.state == state
    assert net.training and not net[1].training and net[2].training
    expected = nn.CrossEntropyLoss()(net.eval()(dataset()[:][0]), dataset()[:][1])
    assert values["loss"] == pytest.approx(expected.item(), rel=1e-6)


def test_predict_takes_inputs_alone():
    got = trainer()
    batches = [batch[0] for batch in loader(9)]
    assert got.predict(batches).tolist() == got.predict(loader(9)).tolist()
    with pytest.raises(ValueError, match="predict: the loader gave no batches"):
        got.predict([])


def test_a_batch_of_one_part_is_its_own_target():
    net = nn.Linear(3, 3)
    got = train.Trainer(net, nn.MSELoss(), tw.optim.Adam(net.parameters(), lr=0.1), progress=False)
    history = got.fit(DataLoader(TensorDataset(dataset()[:][0]), 8), epochs=5)
    assert history["loss"][-1] < history["loss"][0] / 2


def test_forward_may_be_defined_anew():
    class Weighted(train.Trainer):
        def forward(self, batch):
            return self.model(batch["x"]), batch["y"]

    x, y = dataset()[:]
    net = model()
    got = Weighted(net, nn.CrossEntropyLoss(), tw.optim.SGD(net.parameters(), lr=0.05, momentum=0.9), progress=False)
    got.fit([{"x": x, "y": y}] * 3)
    expected = model()
    bare(expected, [(x, y)] * 3, 1)
    assert weights(net) == weights(expected)


def test_mixed_precision_keeps_parameters_in_float32():
    got = trainer(autocast="bfloat16")
    history = got.fit(loader(), loader(), epochs=8)
    exact = trainer().fit(loader(), loader(), epochs=8)
    assert {p.dtype.name for p in got.model.parameters()} == {"float32"}
    assert history["loss"] != exact["loss"]
    np.testing.assert_allclose(history["loss"], exact["loss"], rtol=0.05)


# ---- callbacks -------------------------------------------------------------------------------------------------------


def test_hooks_are_called_in_order():
    seen = []
    events = ("on_fit_start", "on_epoch_start", "on_batch_end", "on_epoch_end", "on_fit_end")
    hooks = {name: lambda t, name=name: seen.append((name, t.epoch, t.batch)) for name in events}
    trainer(callbacks=[train.Hooks(**hooks)]).fit(loader(20), epochs=2)
    epoch = [[("on_epoch_start", i, 0), ("on_batch_end", i, 1), ("on_batch_end", i, 2), ("on_epoch_end", i + 1, 0)]
             for i in range(2)]  # fmt: skip
    assert seen == [("on_fit_start", 0, 0), *epoch[0], *epoch[1], ("on_fit_end", 2, 0)]
    with pytest.raises(TypeError, match="Hooks: there is no hook on_batch; there are on_fit_start, "):
        train.Hooks(on_batch=print)


def test_early_stopping_restores_the_best_weights():
    losses, states = iter([3.0, 1.0, 2.0, 2.0, 0.0]), []

    def set_loss(t):
        t.logs["validation_loss"] = next(losses)
        states.append(weights(t.model))

    stopping = train.EarlyStopping(patience=1)
    got = trainer(callbacks=[train.Hooks(on_epoch_end=set_loss), stopping])
    got.fit(loader(), epochs=9)
    assert got.epoch == 4 and got.stop and (stopping.best, stopping.best_epoch) == (1.0, 2)
    assert weights(got.model) == states[1] != states[3]
    rising = train.EarlyStopping("accuracy", patience=0, min_delta=0.1, mode="max", restore_best=False)
    values = iter([0.1, 0.3, 0.35, 0.9])
    set_accuracy = train.Hooks(on_epoch_end=lambda t: t.logs.update(accuracy=next(values)))
    got = trainer(callbacks=[set_accuracy, rising])
    got.fit(loader(), epochs=9)
    assert got.epoch == 3 and rising.best == 0.3 and rising.best_state is None
    with pytest.raises(
        ValueError, match="EarlyStopping: there is no value 'validation_loss' to watch; there are loss, lr"
    ):
        trainer(callbacks=[train.EarlyStopping()]).fit(loader())


def test_checkpoints_of_batches_epochs_and_the_best(tmp_path):
    pytest.importorskip("safetensors", reason="checkpoints need the safetensors package")
    losses = iter([2.0, 3.0, 1.0, 1.0])
    callbacks = [
        train.Hooks(on_epoch_end=lambda t: t.logs.update(watched=next(losses))),
        train.Checkpoint(tmp_path / "best", monitor="watched"),
        train.Checkpoint(tmp_path / "epoch{epoch}", every=2),
        train.Checkpoint(tmp_path / "batch{epoch}.{batch}.{step}", 3, "batch"),
    ]
    got = trainer(callbacks=callbacks)
    got.fit(loader(20), epochs=4)  # of 2 batches
    names = {"best", "epoch2", "epoch4", "batch1.1.3", "batch2.2.6", *(f"batch{i}.0.{2 * i}" for i in range(1, 5))}
    assert {path.name for path in tmp_path.iterdir()} == names
    best = trainer(callbacks=callbacks)
    best.load(tmp_path / "best")
    assert best.epoch == 3 and callbacks[1].best == 1.0
    with pytest.raises(ValueError, match=r"Checkpoint: path is 'a\{loss\}', but may have only the fields \{epoch\}"):
        train.Checkpoint("a{loss}")
    with pytest.raises(ValueError, match="Checkpoint: monitor is 'loss', a value of epochs, but unit is 'batch'"):
        train.Checkpoint("a", unit="batch", monitor="loss")


def test_the_history_is_written_as_csv(tmp_path):
    path = tmp_path / "history.csv"
    got = trainer(callbacks=[train.CSVLogger(path)], metrics=[train.accuracy])
    got.fit(loader(), epochs=1)
    history = got.fit(loader(), loader(), epochs=3)
    assert history["validation_loss"][0] is None
    rows = list(csv.reader(path.read_text().splitlines()))
    assert rows[0] == ["epoch", "loss", "lr", "validation_loss", "validation_accuracy"] and len(rows) == 4
    assert rows[1][3:] == ["", ""] and [int(row[0]) for row in rows[1:]] == [1, 2, 3]
    assert [float(row[1]) for row in rows[1:]] == history["loss"]


def test_event_files_for_tensorboard(tmp_path):
    pytest.importorskip("tensorboardX", reason="needs the tensorboardX package")
    from tensorboardX.event_file_writer import EventsWriter  # noqa: F401 (its format)
    from tensorboardX.proto import event_pb2

    got = trainer(callbacks=[train.TensorBoard(tmp_path, every=2)])
    history = got.fit(loader(), epochs=2)  # of 5 batches
    (path,) = tmp_path.iterdir()
    content, events = path.read_bytes(), []
    while content:
        length = int.from_bytes(content[:8], "little")
        events.append(event_pb2.Event.FromString(content[12 : 12 + length]))
        content = content[16 + length :]
    values = [(v.tag, e.step, v.simple_value) for e in events for v in e.summary.value]
    assert [(tag, step) for tag, step, _ in values if tag == "batch/loss"] == [
        ("batch/loss", i) for i in (2, 4, 6, 8, 10)
    ]
    assert [value for tag, _, value in values if tag == "loss"] == pytest.approx(history["loss"], rel=1e-6)


def test_without_tensorboard_the_error_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    with pytest.raises(
        ImportError, match=r"TensorBoard needs the tensorboardX package: pip install 'tilewright\[train\]'"
    ):
        trainer(callbacks=[train.TensorBoard(tmp_path)]).fit(loader())


def test_the_progress_bar_is_optional(monkeypatch, capsys):
    net = model()

    def shown(progress):
        optimizer = tw.optim.SGD(net.parameters(), lr=0.01)
        got = train.Trainer(net, nn.CrossEntropyLoss(), optimizer, progress=progress)
        got.fit(loader(), epochs=2)
        return capsys.readouterr().err

    assert shown(False) == ""
    tqdm = pytest.importorskip("tqdm", reason="needs tqdm")
    assert "epoch 2/2: 100%" in shown(True) and "loss" in shown(tqdm.tqdm)
    monkeypatch.setitem(sys.modules, "tqdm", None)
    assert shown(True) == ""


def test_training_goes_on_in_other_threads():
    got, errors = trainer(), []

    def run():
        try:
            got.fit(loader(), loader(), epochs=2)
        except BaseException as error:  # reported below
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    assert not errors and got.epoch == 2


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"metrics": 3}, TypeError, "Trainer: metrics is 3, but must be a dict or a sequence of functions"),
        ({"metrics": {"a": 3}}, TypeError, "Trainer: metric 'a' is 3, but must be callable"),
        (
            {"callbacks": [print]},
            TypeError,
            r"Trainer: callbacks\[0\] is a builtin_function_or_method, but must be a C",
        ),
        ({"schedule": lambda o: 3}, TypeError, "Trainer: schedule is 3, but must be an LRScheduler"),
        ({"schedule_per": "batch"}, ValueError, 'Trainer: schedule_per is \'batch\', but must be "epoch" or "step"'),
        ({"accumulate": 0}, ValueError, "Trainer: accumulate is 0, but must be at least 1"),
        ({"clip_norm": 0}, ValueError, "Trainer: clip_norm is 0.0, but must be positive"),
        ({"clip_value": "a"}, TypeError, "Trainer: clip_value is 'a', but must be a real number"),
        ({"autocast": "float16"}, ValueError, "Trainer: autocast is 'float16', but must be \"bfloat16\""),
        ({"generator": [3]}, TypeError, "Trainer: generator is 3, but must be a Generator or None"),
    ],
)
def test_options_are_checked(options, error, message):
    with pytest.raises(error, match=message):
        trainer(**options)


def test_arguments_are_checked():
    net = model()
    optimizer = tw.optim.SGD(net.parameters(), lr=0.1)
    for arguments, message in (
        ((3, nn.MSELoss(), optimizer), "Trainer: model is 3, but must be a Module"),
        ((net, 3, optimizer), "Trainer: loss is 3, but must be callable"),
        ((net, nn.MSELoss(), None), "Trainer: optimizer is None, but must be an Optimizer"),
    ):
        with pytest.raises(TypeError, match=message):
            train.Trainer(*arguments)
    got = trainer()
    for call, message in (
        (lambda: got.fit(3), "fit: train_loader is 3, but must be an iterable of batches"),
        (lambda: got.fit(loader(), 3), "fit: validation_loader is 3, but must be an iterable"),
        (lambda: got.fit(loader(), epochs=1.5), "fit: epochs is 1.5, but must be an integer"),
        (lambda: got.evaluate(None), "evaluate: loader is None, but"),
        (lambda: got.predict(None), "predict: loader is None, but"),
    ):
        with pytest.raises(TypeError, match=message):
            call()


def test_running_means_and_accuracy():
    mean = train.Mean()
    assert math.isnan(mean.value) and math.isnan(train.accuracy([], []))
    for i in range(4):
        mean.update(float(i), i)
    assert mean.value == 14 / 6
    assert train.accuracy(np.array([1, 2]), tw.asarray([1, 0])) == 0.5
    with pytest.raises(ValueError, match=r"accuracy: y_true has shape \(2,\), but y_pred has \(3,\)"):
        train.accuracy([0, 1], [0, 1, 2])


def test_a_batch_takes_little_more_than_in_a_bare_loop():
    """At most a third of its time, 70 us. Other programs run, too: so a tenth of many short pairs has to show it."""
    batches = [dataset(4)[:]] * 50
    ratios = []
    for _ in range(30):
        net, got = model(), trainer()
        start = time.perf_counter()
        bare(net, batches, 1)
        middle = time.perf_counter()
        got.fit(batches)
        ratios.append((time.perf_counter() - middle) / (middle - start))
    assert weights(net) == weights(got.model)
    assert statistics.quantiles(ratios, n=10)[0] < 4 / 3
