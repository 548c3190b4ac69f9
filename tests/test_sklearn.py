"""Estimators of scikit-learn around modules."""

from __future__ import annotations

import pickle
import sys

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.compose import TransformedTargetRegressor
from sklearn.datasets import load_diabetes, load_digits, load_iris, make_moons
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, RandomizedSearchCV, cross_val_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import check_estimator

import tilewright as tw
from tilewright import nn

Classifier, Regressor = tw.sklearn.Classifier, tw.sklearn.Regressor
MOONS = make_moons(200, noise=0.2, random_state=0)
QUICK = {"epochs": 3, "random_state": 0}


class TwoLayers(nn.Module):
    def __init__(self, n_features, n_outputs, width=8):
        self.first, self.second = nn.Linear(n_features, width), nn.Linear(width, n_outputs)
        self.norm = nn.BatchNorm1d(width)

    def forward(self, x):
        return self.second(tw.tanh(self.norm(self.first(x))))


def weights(estimator):
    return [value.tolist() for value in estimator.module_.state_dict().values()]


@pytest.mark.parametrize("estimator", [Classifier(), Regressor()], ids=["classifier", "regressor"])
def test_scikit_learns_checks(estimator):
    results = check_estimator(estimator, on_skip=None)
    assert len(results) > 50
    # One check is skipped unless an environment variable is set.
    assert {r["check_name"] for r in results if r["status"] != "passed"} <= {"check_array_api_input"}


# ---- learning --------------------------------------------------------------------------------------------------------


def test_a_pipeline_classifies():
    network = Classifier(epochs=30, lr=0.01, random_state=0, module__hidden=(16,))
    scores = cross_val_score(make_pipeline(StandardScaler(), network), *load_iris(return_X_y=True), cv=3)
    assert scores.mean() > 0.93


def test_a_pipeline_regresses():
    network = Regressor(epochs=40, lr=0.005, random_state=0, optimizer="adamw", optimizer__weight_decay=0.1)
    model = TransformedTargetRegressor(make_pipeline(StandardScaler(), network), transformer=StandardScaler())
    assert cross_val_score(model, *load_diabetes(return_X_y=True), cv=3).mean() > 0.35


def test_a_convolution_sees_images():
    def make(n_features, n_outputs, channels):
        assert n_features == 64
        return nn.Sequential(
            *(nn.Unflatten(1, (1, 8, 8)), nn.Conv2d(1, channels, 3), nn.ReLU()),
            *(nn.Flatten(), nn.Linear(36 * channels, n_outputs)),
        )

    X, y = load_digits(return_X_y=True)
    X = X / 16
    network = Classifier(make, epochs=5, lr=0.01, random_state=0, module__channels=4).fit(X[:1000], y[:1000])
    assert network.score(X[1000:], y[1000:]) > 0.85


def test_searches_set_parameters_of_the_module():
    grid = {"network__module__hidden": [(), (32,)], "network__lr": [0.02]}
    pipeline = Pipeline([("scale", StandardScaler()), ("network", Classifier(epochs=30, random_state=0))])
    search = GridSearchCV(pipeline, grid, cv=2).fit(*MOONS)
    assert search.best_params_ == {"network__module__hidden": (32,), "network__lr": 0.02}
    assert [type(layer).__name__ for layer in search.best_estimator_["network"].module_] == ["Linear", "ReLU", "Linear"]
    drawn = RandomizedSearchCV(Classifier(**QUICK), {"module__dropout": [0.0, 0.5]}, n_iter=2, cv=2, random_state=0)
    assert set(drawn.fit(*MOONS).cv_results_["param_module__dropout"]) == {0.0, 0.5}


def test_several_targets():
    X = np.random.default_rng(0).normal(size=(100, 3))
    y = X @ [[1.0, -1.0], [0.5, 2.0], [0.0, 1.0]]
    network = Regressor(lr=0.02, random_state=0, module__hidden=()).fit(X, y)
    assert network.predict(X).shape == (100, 2) and network.score(X, y) > 0.99
    assert network.module_[0].weight.detach().numpy().round(1).tolist() == [[1, 0.5, 0], [-1, 2, 1]]


def test_two_classes_and_text():
    X, y = MOONS
    network = Classifier(epochs=20, lr=0.02, random_state=0).fit(X, np.array(["inner", "outer"])[y])
    assert network.classes_.tolist() == ["inner", "outer"]
    logits = network.module_(tw.asarray(X, dtype="float32")).detach().numpy()
    scores = network.decision_function(X)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, logits[:, 1] - logits[:, 0], atol=1e-5)
    np.testing.assert_allclose(network.predict_proba(X)[:, 1], 1 / (1 + np.exp(-scores)), atol=1e-6)
    np.testing.assert_allclose(network.predict_log_proba(X), np.log(network.predict_proba(X)), atol=1e-5)
    assert (network.predict(X) == np.where(scores > 0, "outer", "inner")).all()


def test_predictions_go_through_the_module_in_parts(monkeypatch):
    X, y = MOONS
    network = Classifier(**QUICK).fit(X, y)
    whole = network.predict_proba(X)
    monkeypatch.setattr("tilewright.sklearn._network._ROWS", 64)
    np.testing.assert_allclose(network.predict_proba(X), whole, rtol=1e-5)


# ---- what decides the weights ----------------------------------------------------------------------------------------


def test_the_seed_decides_at_any_number_of_threads(threads):
    X, y = MOONS
    found = []
    for seed, count in ((1, 1), (1, 2), (1, 7), (2, 1)):
        threads(count)
        tw.random.seed(count)
        before = tw.random.default_generator.state
        network = Classifier(epochs=3, random_state=seed, module__dropout=0.5, early_stopping=True).fit(X, y)
        found.append(weights(network))
        assert tw.random.default_generator.state == before
    assert found[0] == found[1] == found[2] != found[3]
    state = np.random.RandomState(5)
    assert weights(Classifier(epochs=1, random_state=state).fit(X, y)) != weights(
        Classifier(epochs=1, random_state=state).fit(X, y)
    )


def test_weights_count_samples():
    """A weight of 2 is a second sample, 0 none; the order does not matter; and -0.0 is 0.0."""
    X, y = np.array([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0], [0.0, 0.0]]), np.array([1, 1, 0, 0])
    plain = Classifier(**QUICK).fit(X[[0, 0, 1, 3]], y[[0, 0, 1, 3]])
    weighted = Classifier(**QUICK).fit(X[::-1] - 0.0, y[::-1], sample_weight=[1, 0, 1, 2])
    grouped = Classifier(**QUICK).fit(np.where(X == 0, -0.0, X)[[1, 3, 0, 0]], y[[1, 3, 0, 0]])
    minus = Classifier(**QUICK).fit(np.where(X == 0, -0.0, X), y, sample_weight=[2, 1, 0, 1])
    assert weights(plain) == weights(weighted) == weights(minus) == weights(grouped)
    assert weights(plain) != weights(Classifier(**QUICK).fit(X, y, sample_weight=[2, 1, 0, 3]))


def test_class_weight_multiplies():
    X, y = MOONS
    by_class = Classifier(**QUICK, class_weight={0: 3, 1: 1}).fit(X, y)
    assert weights(by_class) == weights(Classifier(**QUICK).fit(X, y, sample_weight=np.where(y == 0, 3.0, 1.0)))
    few = np.r_[np.flatnonzero(y == 0), np.flatnonzero(y == 1)[:20]]
    balanced = Classifier(**QUICK, class_weight="balanced").fit(X[few], y[few])
    factors = np.array([120 / 200, 120 / 40])
    assert weights(balanced) == weights(Classifier(**QUICK).fit(X[few], y[few], sample_weight=factors[y[few]]))


def test_the_loop_is_gradient_descent():
    """One batch of everything, plain descent: the steps can be done by hand."""
    X, y = np.array([[0.0], [1.0], [2.0]]), np.array([1.0, 3.0, 5.0])
    network = Regressor(epochs=2, batch_size=3, optimizer=tw.optim.SGD, lr=0.1, random_state=0, module__hidden=())
    network.fit(X, y, sample_weight=[1, 2, 3])
    start = Regressor(epochs=1, optimizer="sgd", lr=1e-30, random_state=0, module__hidden=()).fit(X, y).module_[0]
    w, b = start.weight.item(), start.bias.item()
    for entry in network.history_:
        error = w * X[:, 0] + b - y
        share = np.array([1, 2, 3]) / 6
        assert entry["loss"] == pytest.approx((share * error**2).sum(), rel=1e-5)
        w, b = w - 0.2 * (share * error * X[:, 0]).sum(), b - 0.2 * (share * error).sum()
    assert network.module_[0].weight.item() == pytest.approx(w, rel=1e-5)
    assert network.module_[0].bias.item() == pytest.approx(b, rel=1e-5)


def test_early_stopping_goes_back_to_the_best():
    X, y = make_moons(60, noise=0.4, random_state=0)
    network = Classifier(epochs=300, lr=0.05, early_stopping=True, validation_fraction=0.3, patience=5, random_state=0)
    network.fit(X, y)
    losses = [entry["valid_loss"] for entry in network.history_]
    best = int(np.argmin(losses))
    assert len(losses) == best + 6 < 300
    assert weights(clone(network).set_params(epochs=best + 1).fit(X, y)) == weights(network)


def test_partial_fit_and_warm_start_go_on():
    X, y = MOONS
    whole = Classifier(epochs=4, random_state=0).fit(X, y)
    parts = Classifier(random_state=0)
    for i in range(4):
        parts.partial_fit(X, y, classes=[0, 1] if i == 0 else None)
    warm = Classifier(epochs=1, random_state=0, warm_start=True).fit(X, y)
    warm.set_params(epochs=3).fit(X, y)
    assert weights(parts) == weights(warm) == weights(whole)
    assert parts.history_ == warm.history_ == whole.history_
    regressor = Regressor(random_state=0).partial_fit(X, y)
    first = weights(regressor)
    assert weights(regressor.partial_fit(X, y)) != first and len(regressor.history_) == 2


def test_a_module_is_copied():
    module = nn.Linear(2, 2)
    before = module.weight.tolist()
    network = Classifier(module, **QUICK).fit(*MOONS)
    assert module.weight.tolist() == before != network.module_.weight.tolist()
    assert type(network.module_) is nn.Linear


def test_copies_and_pickles():
    X, y = MOONS
    network = Classifier(TwoLayers, **QUICK, module__width=5, batch_size=33).fit(X, y)
    again = pickle.loads(pickle.dumps(network))
    assert (again.predict_proba(X) == network.predict_proba(X)).all()
    assert weights(again.partial_fit(X, y)) == weights(network.partial_fit(X, y))
    fresh = clone(network)
    assert fresh.get_params() == network.get_params() and fresh.get_params()["module__width"] == 5
    assert "module__width" in network._repr_html_()  # as notebooks show it
    assert "module__width=5" in repr(fresh) and not hasattr(fresh, "module_")


def test_curves_draw_the_history():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    network = Classifier(**QUICK, early_stopping=True).fit(*MOONS)
    ax = tw.plot.curves(network.history_, Figure().subplots())
    assert [line.get_label() for line in ax.lines] == ["loss", "valid_loss"]


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("parameters", "kind", "message"),
    [
        ({"epochs": 0}, ValueError, "Classifier: epochs is 0, but must be at least 1"),
        ({"epochs": 1.5}, TypeError, "Classifier: epochs is 1.5, but must be an integer"),
        ({"batch_size": 0}, ValueError, "Classifier: batch_size is 0, but must be at least 1"),
        ({"patience": 0}, ValueError, "Classifier: patience is 0, but must be at least 1"),
        ({"warm_start": "no"}, TypeError, "Classifier: warm_start is 'no', but must be True or False"),
        ({"validation_fraction": 1}, ValueError, "validation_fraction is 1.0, but must lie between 0 and 1"),
        ({"optimizer": "adagrad"}, ValueError, 'optimizer is \'adagrad\', but must be "adam", "adamw" or "sgd"'),
        ({"optimizer": 3}, TypeError, "Classifier: optimizer is 3, but must be callable"),
        ({"optimizer": lambda p, lr: 3}, TypeError, "what optimizer returns is 3, but must be an Optimizer"),
        ({"lr": -1}, ValueError, "Adam: lr is -1"),
        ({"module": 3}, TypeError, "Classifier: module is 3, but must be callable"),
        ({"module": lambda i, o: 3}, TypeError, "Classifier: what module returns is 3, but must be a Module"),
        (
            {"module": lambda i, o: nn.Linear(i, 3)},
            ValueError,
            r"gives shape \(\d+, 3\) for \d+ samples, but must",
        ),
        ({"module": nn.Linear(2, 2), "module__bias": False}, ValueError, "so it cannot be made with module__bias"),
        ({"module__width": 3}, TypeError, r"module mlp cannot be called as \(..., ..., width\): got an unexpected"),
        ({"module__hidden": (0,)}, ValueError, "mlp: an entry of hidden is 0, but must be at least 1"),
        ({"module__activation": "step"}, ValueError, "mlp: activation is 'step', but must be"),
        ({"epoch": 3}, TypeError, "Classifier: there is no parameter 'epoch'"),
        ({"optimizer": "sgd", "lr": 1e30}, ValueError, "Classifier: the loss is nan in epoch 1; scale the data, or"),
    ],
)
def test_wrong_parameters(parameters, kind, message):
    with pytest.raises(kind, match=message):
        Classifier(**parameters).fit(*MOONS)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X, y: Classifier().fit(X, y * 0), "Classifier: y has one class, .*0.*, but needs at least two classes"),
        (lambda X, y: Classifier().partial_fit(X, y), "classes must be given to the first call of partial_fit"),
        (lambda X, y: Classifier().partial_fit(X, y, [0, 2]), r"y has 1, which is none of the classes \[0 2\]"),
        (
            lambda X, y: Classifier(**QUICK, warm_start=True).fit(X, y).fit(X, y + 1),
            r"classes are \[1 2\], but before they were \[0 1\]",
        ),
        (
            lambda X, y: Regressor().partial_fit(X, y).partial_fit(X, X),
            r"y has shape \(200, 2\), but as before it must have \(200,\)",
        ),
        (
            lambda X, y: Classifier().fit(X, y, np.ones((200, 1))),
            r"sample_weight has shape \(200, 1\), but must be",
        ),
        (lambda X, y: Classifier().fit(X, y, -np.ones(200)), "sample_weight has an entry of -1.0, but none may be"),
        (lambda X, y: Regressor().fit(X, y, np.zeros(200)), "Regressor: sample_weight is zero for all samples"),
        (lambda X, y: Classifier(class_weight={0: -1}).fit(X, y), "class_weight must have no entry below 0, and"),
        (lambda X, y: Classifier(class_weight={0: 0, 1: 0}).fit(X, y), "class_weight must have no entry below 0, and"),
        (
            lambda X, y: Regressor(early_stopping=True).fit(X[:1], y[:1]),
            "validation_fraction 0.1 of 1 different samples leaves none to train on",
        ),
        (
            lambda X, y: Classifier(**QUICK).fit(X, y).predict(X[:, :1]),
            "X has 1 features, but Classifier is expect",
        ),
    ],
)
def test_wrong_data(call, message):
    with pytest.raises(ValueError, match=message):
        call(*MOONS)


def test_before_fitting():
    with pytest.raises(NotFittedError, match="This Regressor instance is not fitted yet"):
        Regressor().predict([[1.0]])


def test_without_scikit_learn(monkeypatch):
    for name in [n for n in sys.modules if n.startswith(("sklearn", "tilewright.sklearn"))]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "sklearn", None)
    monkeypatch.setitem(sys.modules, "sklearn.base", None)
    from tilewright import sklearn as ours

    assert ours.mlp(2, 3)(tw.ones((1, 2))).shape == (1, 3)
    with pytest.raises(ImportError, match=r"Classifier needs scikit-learn 1.6 or later: pip install 'tilewright\[skl"):
        _ = ours.Classifier
