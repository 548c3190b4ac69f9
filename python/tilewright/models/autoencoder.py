"""Networks that give back what they read, by way of a short code, and what keeps the code from being a copy."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .. import nn, random
from .._engine import arguments
from .._functions.arithmetic import square
from .._functions.creation import zeros
from .._functions.indexing import where
from .._functions.linalg import matrix_transpose
from ..autograd import gradients
from ..nn.functional import linear
from .mlp import MLP, activations_of, sizes_of

if TYPE_CHECKING:
    from .._engine.tensor import Tensor
    from ..random import Generator

__all__ = ["Autoencoder", "contractive_penalty", "corrupt"]


class Autoencoder(nn.Module):
    """An encoder, linear layers down to a code, and a decoder, which is the encoder's mirror image.

    Parameters
    ----------
    sizes : sequence of int
        Numbers of an input, of the units of each layer of the encoder; the last is the length of the code.
    tied : bool
        Whether the decoder's weights are the encoder's, transposed; its biases are its own.
    activation : {"sigmoid", "relu", "tanh", "gelu", "silu", "none"}
        After each layer but the last of the decoder.
    code : {"sigmoid", "relu", "tanh", "gelu", "silu", "none"}, optional
        After the last layer of the encoder; by default `activation`.
    output : {"sigmoid", "relu", "tanh", "gelu", "silu", "none"}
        After the last layer of the decoder. "sigmoid" is for inputs in [0, 1], "none" for others.
    dtype : dtype-like
        Of the parameters.
    generator : Generator, optional
        Where the starting weights are drawn from; by default `tilewright.random.default_generator`.

    Attributes
    ----------
    encoder : MLP
        (..., I) to (..., C).
    decoder : MLP or Module
        (..., C) to (..., I).

    Raises
    ------
    ValueError
        For fewer than two sizes, sizes below 1, and unknown activations.
    TypeError
        For sizes that are not integers, and a dtype that is not floating.

    Notes
    -----
    Called with x it gives `decoder(encoder(x))`, which the loss compares with x: `binary_cross_entropy` for numbers in
    [0, 1], `mse_loss` for others. Variants differ in the loss alone:

    - denoising: `loss(net(corrupt(x)), x)`;
    - contractive: `+ factor * contractive_penalty(net.encoder, x)`;
    - sparse: `+ factor * nn.utils.sparsity_penalty(net.encoder(x))`.

    References
    ----------
    G. Hinton, R. Salakhutdinov, Reducing the Dimensionality of Data with Neural Networks, Science 313, 2006.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.Autoencoder([64, 32, 2], tied=True)
    >>> net.encoder(tw.zeros((5, 64))).shape, net(tw.zeros((5, 64))).shape
    ((5, 2), (5, 64))
    """

    def __init__(
        self,
        sizes: Any,
        *,
        tied: bool = False,
        activation: str = "sigmoid",
        code: str | None = None,
        output: str = "sigmoid",
        dtype: Any = "float32",
        generator: Generator | None = None,
    ) -> None:
        name = "Autoencoder"
        listed = sizes_of(name, sizes)
        activations_of(name, "activation", activation)
        code = activation if code is None else code
        activations_of(name, "code", code)
        activations_of(name, "output", output)
        self.encoder = MLP(listed, activation, code, dtype=dtype, generator=generator)
        self.decoder: nn.Module
        if arguments.flag(name, "tied", tied):
            self.decoder = _Tied(self.encoder, activation, output)
        else:
            self.decoder = MLP(listed[::-1], activation, output, dtype=dtype, generator=generator)

    def forward(self, input: Any) -> Tensor:
        result: Tensor = self.decoder(self.encoder(input))
        return result


class _Tied(nn.Module):
    """The layers of an encoder backwards, with the same weights; the encoder holds them."""

    def __init__(self, encoder: MLP, activation: str, output: str) -> None:
        layers = encoder.linears[::-1]
        self.biases = nn.ParameterList(zeros(layer.in_features, dtype=layer.weight.dtype) for layer in layers)
        names = [activation] * (len(layers) - 1) + [output]
        self.activations = nn.ModuleList(nn.Sequential(*activations_of("Autoencoder", "output", n)) for n in names)
        self._encoder = (encoder,)  # in a tuple: not a child, which would have its parameters twice

    def forward(self, input: Any) -> Tensor:
        x = input
        for layer, bias, activation in zip(self._encoder[0].linears[::-1], self.biases, self.activations, strict=True):
            x = activation(linear(x, matrix_transpose(layer.weight), bias))
        result: Tensor = x
        return result


def corrupt(input: Any, p: float = 0.3, noise: str = "mask", *, generator: Generator | None = None) -> Tensor:
    """Inputs for a denoising autoencoder, which learns to give back what they were.

    Parameters
    ----------
    input : array-like
        Floating; any shape.
    p : float
        Probability with which an element is changed; for "gaussian" the standard deviation.
    noise : {"mask", "salt_and_pepper", "gaussian"}
        Set elements to 0; to 0 or 1, each as often; or add normal noise to all of them.
    generator : Generator, optional
        Where the noise is drawn from; by default `tilewright.random.default_generator`.

    Returns
    -------
    Tensor, of the shape and dtype of `input`

    Raises
    ------
    ValueError
        For `p` below 0, or above 1 as a probability, and unknown noise.
    TypeError
        For an input that is not floating.

    References
    ----------
    P. Vincent, H. Larochelle, Y. Bengio, P.-A. Manzagol, Extracting and Composing Robust Features with Denoising
    Autoencoders, ICML 2008.

    Examples
    --------
    >>> import tilewright as tw
    >>> tw.models.corrupt(tw.ones(8), 0.5, generator=tw.random.Generator(0)).sum()
    tensor(5.)
    """
    noise = arguments.option("corrupt", "noise", noise, ("mask", "salt_and_pepper", "gaussian"))
    x = arguments.array("corrupt", "input", input)
    if not x.dtype.is_floating:
        raise TypeError(f"corrupt: input has dtype {x.dtype.name}, but must be floating")
    source = random.source("corrupt", generator)
    if noise == "gaussian":
        std = arguments.number("corrupt", "p", p)
        if not std >= 0:
            raise ValueError(f"corrupt: p is {std}, but must be at least 0")
        return x + std * source.standard_normal(x.shape, device=x.device).astype(x.dtype)
    changed = source.bernoulli(arguments.probability("corrupt", "p", p), x.shape, device=x.device)
    if noise == "mask":
        return where(changed, 0.0, x)
    return where(changed, source.bernoulli(0.5, x.shape, device=x.device).astype(x.dtype), x)


def contractive_penalty(encoder: nn.Module, input: Any) -> Tensor:
    """How much a code changes with its input: the squared Frobenius norm of the Jacobian, in the mean over a batch.

    Parameters
    ----------
    encoder : Module
        Computes the code (B, C) of each row of a batch by itself.
    input : array-like, shape (B, I)
        Taken as a constant: gradients flow to the encoder's parameters.

    Returns
    -------
    Tensor, shape ()

    Raises
    ------
    TypeError
        For an encoder that is no Module.
    ValueError
        For an input or a code without two axes.

    Notes
    -----
    For one linear layer and a sigmoid, `h = sigmoid(W x + b)`, the norm is `sum_j (h_j (1 - h_j))^2 sum_i W_ji^2`; it
    costs hardly more than the code. For others each number of the code takes one backward pass.

    References
    ----------
    S. Rifai, P. Vincent, X. Muller, X. Glorot, Y. Bengio, Contractive Auto-Encoders, ICML 2011.

    Examples
    --------
    >>> import tilewright as tw
    >>> encoder = tw.models.MLP([1, 1], output="sigmoid")
    >>> tw.nn.init.constant_(encoder[0].weight, 2.0)
    Parameter containing:
    tensor([[2.]], requires_grad=True)
    >>> tw.models.contractive_penalty(encoder, [[0.0]]).item()  # (2 / 4)²
    0.25
    """
    if not isinstance(encoder, nn.Module):
        arguments.refuse("contractive_penalty", "encoder", encoder, "a Module")
    x = arguments.array("contractive_penalty", "input", input).detach()
    if x.ndim != 2:
        raise ValueError(f"contractive_penalty: input has shape {x.shape}, but must be (B, I)")
    layer = _sigmoid_layer(encoder)
    if layer is not None:
        h = encoder(x)
        return (square(h * (1 - h)) @ square(layer.weight).sum(1)).mean()
    x.requires_grad = True
    h = encoder(x)
    if h.ndim != 2:
        raise ValueError(f"contractive_penalty: the code has shape {h.shape}, but must be (B, C)")
    norms = zeros(x.shape[0], dtype=h.dtype, device=h.device)
    for j in range(h.shape[1]):
        norms = norms + square(gradients(h[:, j].sum(), x, create_graph=True)).sum(1)
    return norms.mean()


def _sigmoid_layer(encoder: nn.Module) -> nn.Linear | None:
    """The linear layer of an encoder that is one and a sigmoid."""
    if not isinstance(encoder, nn.Sequential) or [type(m) for m in encoder] != [nn.Linear, nn.Sigmoid]:
        return None
    layer: nn.Linear = encoder[0]
    return layer if layer.activation == "none" else None
