"""The estimators: a classifier and a regressor around any module."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import ClassifierMixin, MultiOutputMixin, RegressorMixin
from sklearn.utils.class_weight import compute_sample_weight
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..nn import functional as F
from ..nn.functional._docstrings import joined, sections
from ._network import Network

if TYPE_CHECKING:
    from typing import Self

    from .._engine.tensor import Tensor

__all__ = ["Classifier", "Regressor"]

_PARAMETERS = """
module : Module, or callable, optional
    What makes the module: a class or function that is called with the numbers of features and of outputs ({outputs}).
    A Module itself is copied, and training starts from its weights. It takes float32 inputs of shape (N, n_features)
    and gives (N, n_outputs). By default `mlp`.
epochs : int
    Passes through the data.
batch_size : int
    Samples in a batch, at most; all batches have almost the same size.
optimizer : {{"adam", "adamw", "sgd"}} or callable
    An optimiser, or what is called with parameters and `lr` and returns one.
lr : float
    Learning rate.
early_stopping : bool
    Whether to hold out some samples, to stop when the loss on them has not fallen for some epochs, and to go back to
    the weights where it was lowest.
validation_fraction : float
    Share of the samples that early stopping holds out.
patience : int
    Epochs that early stopping waits for a lower loss.
warm_start : bool
    Whether `fit` goes on from the weights and the optimiser of the last call.
random_state : int, RandomState or None
    Decides starting weights, held out samples, batches and dropout.
{more}**prefixed
    `module__name=value` is given to what makes the module, and `optimizer__name=value` to what makes the optimiser:
    with the defaults, `module__hidden=(64,)`, `module__activation="relu"` and `module__dropout=0.0` (see `mlp`), and
    `optimizer__weight_decay`."""

_CLASS_WEIGHT = """class_weight : dict, "balanced" or None
    Weights of classes, which multiply those of samples. "balanced": `n_samples / (n_classes * n_samples_of_class)`.
"""

_ATTRIBUTES = """
module_ : Module
    The trained module.
optimizer_ : Optimizer
    What trained it.
history_ : list of dict
    For each epoch the mean loss under "loss", with early stopping also "valid_loss" of the samples held out.
    `tilewright.plot.curves` draws it.
n_features_in_ : int
    Features of a sample.
feature_names_in_ : ndarray of str
    Their names, where X had some in `fit`."""

_NOTES = """
The loss is {loss}.

Features should be of similar size: put `sklearn.preprocessing.StandardScaler` in front. Samples that are equal, target
and all, are one sample with the sum of their weights, and those of weight 0 are left out. The order of samples does
not matter. The same `random_state` gives the same bits at any number of threads, and the default generator of
`tilewright.random` stays as it was; estimators that are trained in several threads at once share it, however.

Raised are, when fitting, ValueError or TypeError for data and parameters that do not fit, for a module that gives
outputs of another shape, and ValueError where the loss is no longer finite."""


def _document(cls: type[Network], outputs: str, loss: str, attributes: str = "", more: str = "") -> None:
    """Completes the docstring of an estimator by what both share."""
    if cls.__doc__ is None:  # python -OO
        return
    cls.__doc__ = joined(
        {
            **sections(cls.__doc__),
            "Parameters": _PARAMETERS.format(outputs=outputs, more=more),
            "Attributes": _ATTRIBUTES + attributes,
            "Notes": _NOTES.format(loss=loss),
        }
    )


class Classifier(ClassifierMixin, Network):  # type: ignore[misc]
    """A classifier of scikit-learn's around a module.

    Examples
    --------
    >>> import tilewright as tw
    >>> from sklearn.datasets import load_iris
    >>> from sklearn.model_selection import cross_val_score
    >>> from sklearn.pipeline import make_pipeline
    >>> from sklearn.preprocessing import StandardScaler
    >>> network = tw.sklearn.Classifier(epochs=30, lr=0.01, random_state=0, module__hidden=(16,))
    >>> scores = cross_val_score(make_pipeline(StandardScaler(), network), *load_iris(return_X_y=True))
    >>> bool(scores.mean() > 0.9)
    True
    """

    classes_: np.ndarray

    def __init__(
        self,
        module: Any = None,
        *,
        epochs: int = 100,
        batch_size: int = 32,
        optimizer: Any = "adam",
        lr: float = 1e-3,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        patience: int = 10,
        warm_start: bool = False,
        random_state: Any = None,
        class_weight: Any = None,
        **prefixed: Any,
    ) -> None:
        super().__init__(
            module,
            epochs=epochs,
            batch_size=batch_size,
            optimizer=optimizer,
            lr=lr,
            early_stopping=early_stopping,
            validation_fraction=validation_fraction,
            patience=patience,
            warm_start=warm_start,
            random_state=random_state,
            **prefixed,
        )
        self.class_weight = class_weight

    def _losses(self, output: Tensor, target: Tensor) -> Tensor:
        return F.cross_entropy(output, target, reduction="none")

    def _fit(self, X: Any, y: Any, sample_weight: Any, classes: Any, *, goes_on: bool, partial: bool) -> Self:
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=np.float32, reset=not goes_on)
        check_classification_targets(y)
        classes = np.unique(y if classes is None else classes)
        if goes_on and not np.array_equal(classes, self.classes_):
            raise ValueError(f"Classifier: classes are {classes}, but before they were {self.classes_}")
        if len(classes) < 2:
            raise ValueError(f"Classifier: y has one class, {classes[0]!r}, but needs at least two classes")
        if unknown := sorted(set(y.tolist()) - set(classes.tolist())):
            raise ValueError(f"Classifier: y has {unknown[0]!r}, which is none of the classes {classes}")
        weight = self._sample_weight(X, sample_weight)
        if self.class_weight is not None:
            weight = weight * compute_sample_weight(self.class_weight, y)
            if (weight < 0).any() or not weight.any():
                raise ValueError("Classifier: class_weight must have no entry below 0, and weights some above")
        self.classes_ = classes
        arrays = X, np.asarray(np.searchsorted(classes, y)), weight
        return self._learn(arrays, len(classes), goes_on=goes_on, partial=partial)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the module.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features; they become float32.
        y : array-like, shape (n_samples,)
            Classes: numbers, bools or text.
        sample_weight : array-like, shape (n_samples,), optional
            Weights, none below 0. A sample of weight 2 is the same as two samples.

        Returns
        -------
        self
        """
        goes_on = bool(self.warm_start) and hasattr(self, "module_")
        return self._fit(X, y, sample_weight, None, goes_on=goes_on, partial=False)

    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train the module for one epoch, from where it is.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features; they become float32.
        y : array-like, shape (n_samples,)
            Classes.
        classes : array-like, shape (n_classes,), optional
            All classes that there will be. Needed in the first call.
        sample_weight : array-like, shape (n_samples,), optional
            Weights, none below 0.

        Returns
        -------
        self
        """
        goes_on = hasattr(self, "module_")
        if not goes_on and classes is None:
            raise ValueError("Classifier: classes must be given to the first call of partial_fit")
        known = self.classes_ if goes_on and classes is None else classes
        return self._fit(X, y, sample_weight, known, goes_on=goes_on, partial=True)

    def _logits(self, X: Any) -> np.ndarray:
        check_is_fitted(self, "module_")
        return self._predicted(X, len(self.classes_))

    def decision_function(self, X: Any) -> np.ndarray:
        """Scores of samples.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of float32, shape (n_samples, n_classes), or (n_samples,) for two classes
            Logits; for two classes the second less the first.
        """
        logits = self._logits(X)
        return logits[:, 1] - logits[:, 0] if logits.shape[1] == 2 else logits

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Logarithms of the probabilities of classes.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of float32, shape (n_samples, n_classes)
        """
        return F.log_softmax(self._logits(X), 1).numpy()

    def predict_proba(self, X: Any) -> np.ndarray:
        """Probabilities of classes.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of float32, shape (n_samples, n_classes)
            In the order of `classes_`.
        """
        return F.softmax(self._logits(X), 1).numpy()

    def predict(self, X: Any) -> np.ndarray:
        """The classes of samples.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray of the dtype of `classes_`, shape (n_samples,)
        """
        indices = self._logits(X).argmax(axis=1)
        return self.classes_[indices]


_document(
    Classifier,
    "the classes",
    "the cross-entropy of the outputs as logits, so the module has no softmax",
    "\nclasses_ : ndarray\n    The classes, sorted.",
    _CLASS_WEIGHT,
)


class Regressor(RegressorMixin, MultiOutputMixin, Network):  # type: ignore[misc]
    """A regressor of scikit-learn's around a module.

    Examples
    --------
    >>> import numpy as np, tilewright as tw
    >>> X = np.linspace(-1, 1, 64)[:, None]
    >>> y = np.sin(3 * X[:, 0])
    >>> network = tw.sklearn.Regressor(lr=0.01, random_state=0).fit(X, y)
    >>> bool(network.score(X, y) > 0.99)
    True
    """

    _target_shape: tuple[int, ...]  # of one sample: (), or (n_outputs,)

    def _losses(self, output: Tensor, target: Tensor) -> Tensor:
        return ((output - target) ** 2).mean(axis=1)

    def _fit(self, X: Any, y: Any, sample_weight: Any, *, goes_on: bool, partial: bool) -> Self:
        self._check_parameters()
        X, y = validate_data(self, X, y, dtype=np.float32, multi_output=True, y_numeric=True, reset=not goes_on)
        y = y.astype(np.float32)
        if goes_on and y.shape[1:] != self._target_shape:
            shown = (len(y), *self._target_shape)
            raise ValueError(f"Regressor: y has shape {y.shape}, but as before it must have {shown}")
        weight = self._sample_weight(X, sample_weight)
        self._target_shape = y.shape[1:]
        y = y.reshape(len(y), -1)
        return self._learn((X, y, weight), y.shape[1], goes_on=goes_on, partial=partial)

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the module.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features; they become float32.
        y : array-like, shape (n_samples,) or (n_samples, n_outputs)
            Targets; they become float32. Large ones take long to reach: see
            `sklearn.compose.TransformedTargetRegressor`.
        sample_weight : array-like, shape (n_samples,), optional
            Weights, none below 0. A sample of weight 2 is the same as two samples.

        Returns
        -------
        self
        """
        goes_on = bool(self.warm_start) and hasattr(self, "module_")
        return self._fit(X, y, sample_weight, goes_on=goes_on, partial=False)

    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the module for one epoch, from where it is.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features; they become float32.
        y : array-like, shape (n_samples,) or (n_samples, n_outputs)
            Targets.
        sample_weight : array-like, shape (n_samples,), optional
            Weights, none below 0.

        Returns
        -------
        self
        """
        return self._fit(X, y, sample_weight, goes_on=hasattr(self, "module_"), partial=True)

    def predict(self, X: Any) -> np.ndarray:
        """The targets of samples.

        Parameters
        ----------
        X : array-like, shape (n_samples, n_features)
            Features.

        Returns
        -------
        ndarray, shape (n_samples,) of float32, or (n_samples, n_outputs) of float64
            With as many dimensions as y had in `fit`. scikit-learn wants several outputs in float64.
        """
        check_is_fitted(self, "module_")
        outputs = self._predicted(X, *(self._target_shape or (1,)))
        return outputs.astype(np.float64) if self._target_shape else outputs[:, 0]


_document(Regressor, "the columns of y", "the mean squared error")
