"""What classifiers and regressors share: parameters, the module, and the loop that trains it."""

from __future__ import annotations

import contextlib
import copy
import inspect
import math
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.utils import check_random_state
from sklearn.utils.validation import check_array, check_consistent_length, check_is_fitted, validate_data

from .. import nn, optim, random
from .._engine import arguments
from .._engine.tensor import Tensor, asarray
from .._functions.joining import array_split
from ..autograd import no_grad
from ._mlp import mlp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Self

_OPTIMIZERS: dict[str, Any] = {"adam": optim.Adam, "adamw": optim.AdamW, "sgd": optim.SGD}
_PREFIXES = ("module__", "optimizer__")
_ROWS = 4096  # samples that are predicted at once


class Network(BaseEstimator):  # type: ignore[misc] # scikit-learn has no types
    """The base of both estimators. A subclass says how targets are read, and the loss of each sample."""

    module_: nn.Module
    optimizer_: optim.Optimizer
    history_: list[dict[str, float]]
    _generator: random.Generator
    _unknown: dict[str, Any] = {}  # noqa: RUF012 - replaced, never written to; see _set_more

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
        **prefixed: Any,
    ) -> None:
        self.module = module
        self.epochs = epochs
        self.batch_size = batch_size
        self.optimizer = optimizer
        self.lr = lr
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.patience = patience
        self.warm_start = warm_start
        self.random_state = random_state
        self._set_more(prefixed)

    # ---- parameters --------------------------------------------------------------------------------------------------

    def _set_more(self, parameters: dict[str, Any]) -> None:
        """Keep what is no parameter of `__init__`. As scikit-learn asks, `fit` is the first to refuse any."""
        known = {name: value for name, value in parameters.items() if name.startswith(_PREFIXES)}
        self.__dict__.update(known)
        if unknown := {name: value for name, value in parameters.items() if name not in known}:
            self._unknown = {**self._unknown, **unknown}

    def _prefixed(self, prefix: str | tuple[str, ...]) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name.startswith(prefix)}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The parameters of the estimator, those of the module and the optimiser among them.

        Parameters
        ----------
        deep : bool
            As in scikit-learn: whether to give parameters of parameters, too, where these are estimators.

        Returns
        -------
        dict of str to object
        """
        return {**super().get_params(deep=deep), **self._prefixed(_PREFIXES), **self._unknown}

    def set_params(self, **params: Any) -> Self:
        """Set parameters of the estimator; `module__name=value` those of the module.

        Parameters
        ----------
        **params
            Parameters by name.

        Returns
        -------
        self
        """
        own = {name: value for name, value in params.items() if name in self._get_param_names()}
        super().set_params(**own)
        self._set_more({name: value for name, value in params.items() if name not in own})
        return self

    def _check_parameters(self) -> None:
        op = type(self).__name__
        for name in self._unknown:
            raise TypeError(f"{op}: there is no parameter {name!r}; those of the module begin with 'module__'")
        for name in ("epochs", "batch_size", "patience"):
            arguments.integer(op, name, getattr(self, name), at_least=1)
        for name in ("early_stopping", "warm_start"):
            arguments.flag(op, name, getattr(self, name))
        fraction = arguments.number(op, "validation_fraction", self.validation_fraction)
        if not 0 < fraction < 1:
            raise ValueError(f"{op}: validation_fraction is {fraction}, but must lie between 0 and 1")
        if isinstance(self.optimizer, str):
            arguments.option(op, "optimizer", self.optimizer, _OPTIMIZERS)
        else:
            arguments.function(op, "optimizer", self.optimizer)
        if self.module is not None:
            arguments.function(op, "module", self.module)

    # ---- making ------------------------------------------------------------------------------------------------------

    def _make(self, name: str, make: Callable[..., Any], *given: Any, **named: Any) -> Any:
        """Call what makes the module or the optimiser with its prefixed parameters as well."""
        prefix = f"{name}__"
        named |= {key.removeprefix(prefix): value for key, value in self._prefixed(prefix).items()}
        try:
            inspect.signature(make).bind(*given, **named)
        except TypeError as error:
            shown = getattr(make, "__name__", type(make).__name__)
            took = ", ".join([*("..." for _ in given), *named])
            raise TypeError(f"{type(self).__name__}: {name} {shown} cannot be called as ({took}): {error}") from None
        return make(*given, **named)

    def _make_module(self, n_outputs: int) -> nn.Module:
        op = type(self).__name__
        if isinstance(self.module, nn.Module):
            if extra := sorted(self._prefixed("module__")):
                raise ValueError(f"{op}: module is there already, so it cannot be made with {', '.join(extra)}")
            return copy.deepcopy(self.module)
        make = mlp if self.module is None else self.module
        module = self._make("module", make, self.n_features_in_, n_outputs)
        if not isinstance(module, nn.Module):
            arguments.refuse(op, "what module returns", module, "a Module")
        return module

    def _make_optimizer(self) -> optim.Optimizer:
        make = _OPTIMIZERS[self.optimizer] if isinstance(self.optimizer, str) else self.optimizer
        optimizer = self._make("optimizer", make, self.module_.parameters(), lr=self.lr)
        if not isinstance(optimizer, optim.Optimizer):
            arguments.refuse(type(self).__name__, "what optimizer returns", optimizer, "an Optimizer")
        return optimizer

    # ---- training ----------------------------------------------------------------------------------------------------

    def _losses(self, output: Tensor, target: Tensor) -> Tensor:
        """The loss of each sample, (N,), from (N, n_outputs) and the targets."""
        raise NotImplementedError

    def _sample_weight(self, X: Any, sample_weight: Any) -> np.ndarray:
        """Weights (N,) of float64, of which some is above zero."""
        if sample_weight is None:
            return np.ones(len(X))
        weight = check_array(sample_weight, dtype=np.float64, ensure_2d=False, input_name="sample_weight")
        op = type(self).__name__
        if weight.ndim != 1:
            raise ValueError(f"{op}: sample_weight has shape {weight.shape}, but must be 1-D, a weight for each sample")
        check_consistent_length(X, weight)
        if (weight < 0).any():
            raise ValueError(f"{op}: sample_weight has an entry of {weight.min()}, but none may be below 0")
        if not weight.any():
            raise ValueError(f"{op}: sample_weight is zero for all samples, but for some it must be above")
        return weight

    def _learn(
        self, arrays: tuple[np.ndarray, np.ndarray, np.ndarray], n_outputs: int, *, goes_on: bool, partial: bool
    ) -> Self:
        """Train on features, targets and weights of samples, from the start or from where the module is."""
        samples = merged(*arrays)
        if not goes_on:
            seed = check_random_state(self.random_state).randint(2**31 - 1)
            self._generator, self.history_ = random.Generator(int(seed)), []
        with drawn_from(self._generator):
            if not goes_on:
                self.module_ = self._make_module(n_outputs)
                self.optimizer_ = self._make_optimizer()
            self.module_.train()
            if self.early_stopping and not partial:
                self._run_until_best(samples, n_outputs)
            else:
                for _ in range(1 if partial else self.epochs):
                    self.history_.append({"loss": self._run(samples, n_outputs)})
        self.module_.eval()
        return self

    def _run(self, samples: tuple[Tensor, Tensor, Tensor], n_outputs: int) -> float:
        """One epoch. The mean loss of its samples, each at the time of its step."""
        x, target, weight = samples
        total = 0.0
        # Batches of almost the same size: none is left with a single sample, which batch norm could not take.
        for part in array_split(random.permutation(len(x)), math.ceil(len(x) / self.batch_size)):
            self.optimizer_.zero_grad()
            losses = self._losses(self._output(x[part], n_outputs), target[part])
            loss = (losses * weight[part]).mean()
            loss.backward()
            self.optimizer_.step()
            total += float(loss) * len(part)
        if not math.isfinite(total):
            raise ValueError(
                f"{type(self).__name__}: the loss is {total} in epoch {len(self.history_) + 1}; scale the data, or "
                f"take an lr below {self.lr}"
            )
        return total / len(x)

    def _run_until_best(self, samples: tuple[Tensor, Tensor, Tensor], n_outputs: int) -> None:
        """Until the loss on samples held out no longer falls; then back to the weights where it was lowest."""
        count = len(samples[0])
        held = math.ceil(self.validation_fraction * count)
        if held == count:
            raise ValueError(
                f"{type(self).__name__}: validation_fraction {self.validation_fraction} of {count} different samples "
                "leaves none to train on"
            )
        order = random.permutation(count)
        ours, (x, target, weight) = ([s[part] for s in samples] for part in (order[held:], order[:held]))
        best, best_epoch, state = math.inf, 0, self.module_.state_dict()
        for epoch in range(self.epochs):
            loss = self._run((ours[0], ours[1], ours[2]), n_outputs)
            self.module_.eval()
            with no_grad():
                losses = self._losses(self._output(x, n_outputs), target)
            self.module_.train()
            valid_loss = float((losses * weight).sum() / weight.sum())
            self.history_.append({"loss": loss, "valid_loss": valid_loss})
            if valid_loss < best:
                best, best_epoch = valid_loss, epoch
                state = {name: value.copy() for name, value in self.module_.state_dict().items()}
            elif epoch - best_epoch >= self.patience:
                break
        self.module_.load_state_dict(state)

    def _output(self, x: Tensor, n_outputs: int) -> Tensor:
        output = self.module_(x)
        shape = getattr(output, "shape", None)
        if shape != (len(x), n_outputs):
            got = arguments.shown(output) if shape is None else f"shape {shape}"
            raise ValueError(
                f"{type(self).__name__}: module gives {got} for {len(x)} samples, but must give {(len(x), n_outputs)}"
            )
        return output

    def _predicted(self, X: Any, n_outputs: int) -> np.ndarray:
        """Outputs of the module for samples, (N, n_outputs)."""
        check_is_fitted(self, "module_")
        X = validate_data(self, X, dtype=np.float32, reset=False)
        self.module_.eval()
        with no_grad():
            parts = [self._output(asarray(X[i : i + _ROWS]), n_outputs).numpy() for i in range(0, len(X), _ROWS)]
        return np.concatenate(parts)


@contextlib.contextmanager
def drawn_from(generator: random.Generator) -> Iterator[None]:
    """Let the default generator go on as another one, which keeps what was drawn, and put it back."""
    default = random.default_generator
    before, default.state = default.state, generator.state
    try:
        yield
    finally:
        generator.state, default.state = default.state, before


def merged(x: np.ndarray, target: np.ndarray, weight: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
    """Samples that are equal as one, with the sum of their weights, in an order that their values alone decide.

    So a sample of weight 2 is the same as two samples, and one of weight 0 the same as none, to the last bit. Weights
    are scaled to a mean of 1.
    """
    kept = weight > 0
    x, target, weight = x[kept], target[kept], weight[kept]
    rows = np.concatenate([x, target.reshape(len(x), -1)], axis=1, dtype=np.float32, casting="same_kind") + 0  # no -0.0
    total: dict[bytes, float] = {}
    for row, each in zip(rows, weight.tolist(), strict=True):
        key = row.tobytes()
        total[key] = total.get(key, 0.0) + each
    order = sorted(total)
    rows = np.frombuffer(b"".join(order), dtype=np.float32).reshape(len(order), -1)
    features, rest = np.ascontiguousarray(rows[:, : x.shape[1]]), rows[:, x.shape[1] :]
    weight = np.array([total[key] for key in order])
    weight = (weight / weight.mean()).astype(np.float32)
    return asarray(features), asarray(rest.reshape(-1, *target.shape[1:]).astype(target.dtype)), asarray(weight)
