"""Averages of the iterates: of the last steps, of all of them (Polyak), or exponential; their rates and statistics."""

from __future__ import annotations

import copy
import math
from typing import TYPE_CHECKING, Any

from .. import _core
from .._engine import arguments
from .._engine.op import wrap
from .._engine.tensor import Tensor
from ..autograd import no_grad
from ..nn.batch_normalization import BatchNorm1d, BatchNorm2d, BatchNorm3d
from ..nn.module import Module
from .lr_scheduler import LRScheduler

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from .optimizer import Optimizer

    Average = Callable[[Tensor, Tensor, int], Tensor]

__all__ = ["SWALR", "AveragedModel", "get_ema_avg_fn", "get_swa_avg_fn", "update_bn"]


def get_swa_avg_fn() -> Average:
    """The mean of all iterates (Polyak and Ruppert): `average + (current - average) / (n + 1)`.

    Returns
    -------
    callable
        Takes the average, the current value, and of how many the average is.

    References
    ----------
    B. Polyak, A. Juditsky, Acceleration of Stochastic Approximation by Averaging, SIAM Journal on Control and
    Optimization 30, 1992.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.optim.swa_utils.get_swa_avg_fn()(tw.asarray(1.0), tw.asarray(4.0), 2)
    tensor(2.)
    """
    return lambda average, current, count: average + (current - average) / (count + 1)


def get_ema_avg_fn(decay: float = 0.999) -> Average:
    """The exponential moving average: `decay * average + (1 - decay) * current`.

    Parameters
    ----------
    decay : float
        How much of the average is kept, in [0, 1].

    Returns
    -------
    callable
        Takes the average, the current value, and of how many the average is.

    Raises
    ------
    ValueError
        For a decay outside [0, 1].
    TypeError
        For one that is no number.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.optim.swa_utils.get_ema_avg_fn(0.5)(tw.asarray(1.0), tw.asarray(4.0), 2)
    tensor(2.5)
    """
    decay = arguments.probability("get_ema_avg_fn", "decay", decay)
    return lambda average, current, count: average * decay + current * (1 - decay)


class AveragedModel(Module):
    """A copy of a model whose parameters are an average of those that the model had.

    Parameters
    ----------
    model : Module
        What is copied.
    avg_fn : callable, optional
        From the average, the current value and the number of values in the average, the new average: see
        `get_ema_avg_fn`. By default the mean of all, `get_swa_avg_fn`.
    use_buffers : bool
        Average floating buffers too. Others are copied from the model, and so are all of them without this.

    Attributes
    ----------
    module : Module
        The averaged model.
    n_averaged : Tensor, shape (), int64
        How many are in the average.

    Raises
    ------
    TypeError
        For a model that is none.

    Notes
    -----
    Running statistics of batch norms belong to the model, not to the average: call `update_bn` after the last update.

    References
    ----------
    P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov, A. Wilson, Averaging Weights Leads to Wider Optima and Better
    Generalization, UAI 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.nn.Linear(2, 1, bias=False)
    >>> averaged = tw.optim.swa_utils.AveragedModel(net)
    >>> for value in (1.0, 2.0, 6.0):
    ...     net.weight = tw.nn.Parameter([[value, 0.0]])
    ...     averaged.update_parameters(net)
    >>> averaged.module.weight.detach()
    tensor([[3., 0.]])
    """

    n_averaged: Tensor

    def __init__(self, model: Module, avg_fn: Average | None = None, use_buffers: bool = False) -> None:
        if not isinstance(model, Module):
            arguments.refuse("AveragedModel", "model", model, "a Module")
        self.module = copy.deepcopy(model)
        self.avg_fn = get_swa_avg_fn() if avg_fn is None else arguments.function("AveragedModel", "avg_fn", avg_fn)
        self.use_buffers = arguments.flag("AveragedModel", "use_buffers", use_buffers)
        self.register_buffer("n_averaged", wrap(_core.full((), 0, _core.DType.int64)))

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Call the averaged model.

        Parameters
        ----------
        *args, **kwargs
            What the model takes.

        Returns
        -------
        Any
            What the model gives.
        """
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the parameters that the model has now into the average.

        Parameters
        ----------
        model : Module
            Of the same parameters and buffers, in number and shape.

        Raises
        ------
        ValueError
            For a model of others.
        TypeError
            For a model that is none.
        """
        if not isinstance(model, Module):
            arguments.refuse("AveragedModel.update_parameters", "model", model, "a Module")
        buffers, others = list(self.module.buffers()), list(model.buffers())
        own, theirs = list(self.module.parameters()), list(model.parameters())
        got, needed = ([x.shape for x in (*a, *b)] for a, b in ((theirs, others), (own, buffers)))
        if got != needed:
            raise ValueError(
                f"AveragedModel.update_parameters: the model has parameters and buffers of shapes {got}, but the "
                f"average {needed}"
            )
        count = int(self.n_averaged)
        pairs: list[tuple[Tensor, Tensor, bool]] = [(a, b, True) for a, b in zip(own, theirs, strict=True)]
        pairs += [(a, b, self.use_buffers and a.dtype.is_floating) for a, b in zip(buffers, others, strict=True)]
        with no_grad():
            for average, current, averaged in pairs:
                fresh = self.avg_fn(average.detach(), current.detach(), count) if averaged and count else current
                average.copy_(fresh)
        self.n_averaged.fill_(count + 1)


def update_bn(loader: Iterable[Any], model: Module) -> None:
    """Compute the running statistics of the batch norms of a model anew: their means over some batches.

    Parameters
    ----------
    loader : iterable
        Batches: what the model takes, or tuples or lists that begin with it.
    model : Module
        An `AveragedModel`, for instance. Its mode stays as it is; dropout is on meanwhile, as in training.

    Raises
    ------
    TypeError
        For a model that is none.

    Examples
    --------
    >>> import tilewright as tw
    >>> norm = tw.nn.BatchNorm1d(1)
    >>> tw.optim.swa_utils.update_bn([tw.asarray([[1.0], [3.0]]), tw.asarray([[4.0], [4.0]])], norm)
    >>> norm.running_mean, norm.running_var
    (tensor([3.]), tensor([1.]))
    """
    if not isinstance(model, Module):
        arguments.refuse("update_bn", "model", model, "a Module")
    kinds = (BatchNorm1d, BatchNorm2d, BatchNorm3d)
    norms = [m for m in model.modules() if isinstance(m, kinds) and m.running_mean is not None]
    if not norms:
        return
    momenta, modes = [norm.momentum for norm in norms], [(m, m.training) for m in model.modules()]
    try:
        model.train()
        for norm in norms:
            norm.reset_running_stats()
            norm.momentum = None
        with no_grad():
            for batch in loader:
                model(batch[0] if isinstance(batch, (tuple, list)) else batch)
    finally:
        for norm, momentum in zip(norms, momenta, strict=True):
            norm.momentum = momentum
        for module, training in modes:
            module.training = training


class SWALR(LRScheduler):
    """From where the rate is to a constant one, for averaging iterates.

    Parameters
    ----------
    optimizer : Optimizer
    swa_lr : float or list of float
        The rate at the end, for all groups or for each.
    anneal_epochs : int
        How many epochs it takes.
    anneal_strategy : {"cos", "linear"}
        Along half a cosine, or in a line.
    last_epoch : int
        See `LRScheduler`.

    Raises
    ------
    ValueError
        For options out of range.
    TypeError
        For options of another kind.

    Notes
    -----
    With a the share of the way in this epoch and b that in the one before, the rate moves from
    `start = (lr - b swa_lr) / (1 - b)` to `a swa_lr + (1 - a) start`, so that another schedule may set rates before.

    References
    ----------
    P. Izmailov, D. Podoprikhin, T. Garipov, D. Vetrov, A. Wilson, Averaging Weights Leads to Wider Optima and Better
    Generalization, UAI 2018.

    Examples
    --------
    >>> import tilewright as tw
    >>> optimizer = tw.optim.SGD([tw.zeros(3, requires_grad=True)], lr=1.0)
    >>> scheduler = tw.optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> for epoch in range(4):
    ...     print(epoch, scheduler.get_last_lr()[0])
    ...     scheduler.step()
    0 1.0
    1 0.75
    2 0.5
    3 0.5
    """

    def __init__(
        self,
        optimizer: Optimizer,
        swa_lr: float | list[float],
        anneal_epochs: int = 10,
        anneal_strategy: str = "cos",
        last_epoch: int = -1,
    ) -> None:
        self._attach(optimizer)
        self.anneal_epochs = anneal_epochs
        self._anneal_strategy = anneal_strategy
        self._check()
        for group, rate in zip(optimizer.param_groups, self._per_group("swa_lr", swa_lr), strict=True):
            group["swa_lr"] = rate
        super().__init__(optimizer, last_epoch)

    def _check(self) -> None:
        self._integer("anneal_epochs", 0)
        arguments.option(self._name, "anneal_strategy", self._anneal_strategy, ("cos", "linear"))

    def _share(self, epoch: int) -> float:
        share = min(1.0, max(0, epoch) / max(1, self.anneal_epochs))
        return share if self._anneal_strategy == "linear" else (1 - math.cos(math.pi * share)) / 2

    def get_lr(self) -> list[float]:
        """The rates of epoch `last_epoch`.

        Returns
        -------
        list of float
            One for each group.
        """
        epoch = self.last_epoch if self.anneal_epochs else max(1, self.last_epoch)
        now, before = self._share(epoch), self._share(epoch - 1)
        rates = []
        for group in self._groups():
            end = arguments.number(self._name, "swa_lr", self._kept(group, "swa_lr"))
            start = end if before == 1 else (self._rate(group) - before * end) / (1 - before)
            rates.append(now * end + (1 - now) * start)
        return rates
