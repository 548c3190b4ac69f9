"""Vision Transformers: patches of an image as the tokens of an encoder."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .. import nn
from .._engine import arguments
from .._functions.creation import zeros
from .._functions.manipulation import broadcast_to, concatenate, reshape, stack
from .._functions.statistics import mean
from ..autograd import no_grad
from ..nn._traversal import evaluating
from ._causal import read_sizes
from ._shared import documented, weighted

if TYPE_CHECKING:
    from .._engine.tensor import Tensor

__all__ = ["VisionTransformer", "vit_b_16", "vit_b_32", "vit_h_14", "vit_l_16", "vit_l_32"]

_EPS = 1e-6  # of the norms, as in the paper's code


class EncoderBlock(nn.Module):
    """Attention and a perceptron, each behind a norm and beside a shortcut."""

    def __init__(self, num_heads: int, hidden_dim: int, mlp_dim: int, dropout: float, attention_dropout: float) -> None:
        self.ln_1 = nn.LayerNorm(hidden_dim, eps=_EPS)
        self.self_attention = nn.MultiheadAttention(hidden_dim, num_heads, attention_dropout, batch_first=True)
        self.dropout = nn.Dropout(dropout)
        self.ln_2 = nn.LayerNorm(hidden_dim, eps=_EPS)
        self.mlp = nn.Sequential(
            *(nn.Linear(hidden_dim, mlp_dim), nn.GELU(), nn.Dropout(dropout)),
            *(nn.Linear(mlp_dim, hidden_dim), nn.Dropout(dropout)),
        )
        for layer in weighted(self.mlp):
            nn.init.xavier_uniform_(layer.weight)

    def forward(self, input: Tensor) -> Tensor:
        return self.weighted(input, need_weights=False)[0]

    def weighted(self, input: Tensor, *, need_weights: bool = True) -> tuple[Tensor, Any]:
        """The result, and the weights of the attention (N, heads, T, T)."""
        x = self.ln_1(input)
        x, weights = self.self_attention(x, x, x, need_weights=need_weights, average_attn_weights=False)
        x = self.dropout(x) + input
        return self.mlp(self.ln_2(x)) + x, weights


class Encoder(nn.Module):
    """Learned positions, and blocks with a norm behind them."""

    def __init__(self, tokens: int, num_layers: int, hidden_dim: int, dropout: float, block: tuple[Any, ...]) -> None:
        self.pos_embedding = nn.Parameter(zeros((1, tokens, hidden_dim)))
        nn.init.normal_(self.pos_embedding, std=0.02)
        self.dropout = nn.Dropout(dropout)
        self.layers = nn.Sequential({f"encoder_layer_{i}": EncoderBlock(*block) for i in range(num_layers)})
        self.ln = nn.LayerNorm(hidden_dim, eps=_EPS)

    def placed(self, input: Tensor) -> Tensor:
        return self.dropout(input + self.pos_embedding)

    def forward(self, input: Tensor) -> Tensor:
        return self.ln(self.layers(self.placed(input)))


class VisionTransformer(nn.Module):
    """A Transformer encoder whose tokens are the patches of an image, for classification.

    Parameters
    ----------
    image_size : int or tuple of 2
        Height and width of the images.
    patch_size : int or tuple of 2
        Of the patches, which must divide it.
    num_layers, num_heads : int
        Blocks of the encoder, and heads of the attention in each.
    hidden_dim : int
        Length of a token, D; `num_heads` must divide it.
    mlp_dim : int
        Hidden units of the perceptron in each block.
    dropout : float
        Probability with which tokens, and results of attention and perceptrons are zeroed in training.
    attention_dropout : float
        The same for the weights of the attention.
    num_classes : int
        How many numbers there are for an image.
    representation_size : int, optional
        Results of a linear layer with a tanh before the last one, as in the paper's pre-training.
    pool : {"token", "mean"}
        What is classified: a class token that is learned and goes before the patches, or the mean of the patches.
    in_channels : int
        Of the images.

    Attributes
    ----------
    conv_proj : Conv2d
        From patches to tokens.
    class_token : Parameter, shape (1, 1, D), or None
    encoder, heads : Module

    Raises
    ------
    ValueError
        For sizes below 1 or that do not divide each other, probabilities that are none, an unknown `pool`; when called,
        for images of another size.
    TypeError
        For sizes that are not integers.

    Notes
    -----
    Images (N, C, H, W) give logits (N, num_classes). Names of parameters are torchvision's. As there, the patches'
    convolution starts normal by its fan-in, perceptrons as Glorot and Bengio say, positions normal with a standard
    deviation of 0.02, the class token and the last layer at zero.

    References
    ----------
    A. Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021,
    arXiv:2010.11929.

    Examples
    --------
    >>> import tilewright as tw
    >>> net = tw.models.VisionTransformer(8, 2, 2, 4, 32, 64, num_classes=10, in_channels=1)
    >>> images = tw.zeros((3, 1, 8, 8))
    >>> net(images).shape, net.attention_maps(images).shape
    ((3, 10), (2, 3, 4, 17, 17))
    """

    class_token: nn.Parameter | None

    def __init__(
        self,
        image_size: int | tuple[int, int],
        patch_size: int | tuple[int, int],
        num_layers: int,
        num_heads: int,
        hidden_dim: int,
        mlp_dim: int,
        dropout: float = 0.0,
        attention_dropout: float = 0.0,
        num_classes: int = 1000,
        representation_size: int | None = None,
        *,
        pool: str = "token",
        in_channels: int = 3,
    ) -> None:
        name = "VisionTransformer"
        self.image_size = arguments.per_axis(name, "image_size", image_size, 2, at_least=1)
        self.patch_size = arguments.per_axis(name, "patch_size", patch_size, 2, at_least=1)
        if any(extent % patch for extent, patch in zip(self.image_size, self.patch_size, strict=True)):
            raise ValueError(f"{name}: patch_size is {self.patch_size}, which does not divide {self.image_size}")
        num_layers, num_heads, hidden_dim, mlp_dim = read_sizes(
            name, num_layers=num_layers, num_heads=num_heads, hidden_dim=hidden_dim, mlp_dim=mlp_dim
        )
        if hidden_dim % num_heads:
            raise ValueError(f"{name}: hidden_dim is {hidden_dim}, which num_heads={num_heads} does not divide")
        dropout = arguments.probability(name, "dropout", dropout)
        self.pool = arguments.option(name, "pool", pool, ("token", "mean"))
        tokens = math.prod(extent // patch for extent, patch in zip(self.image_size, self.patch_size, strict=True))
        self.conv_proj = nn.Conv2d(in_channels, hidden_dim, self.patch_size, self.patch_size)
        self.class_token = nn.Parameter(zeros((1, 1, hidden_dim))) if self.pool == "token" else None
        block = (num_heads, hidden_dim, mlp_dim, dropout, attention_dropout)
        self.encoder = Encoder(tokens + (self.pool == "token"), num_layers, hidden_dim, dropout, block)
        heads: dict[str, nn.Module] = {}
        if representation_size is not None:
            (hidden_size,) = read_sizes(name, representation_size=representation_size)
            heads = {"pre_logits": nn.Linear(hidden_dim, hidden_size), "act": nn.Tanh()}
            hidden_dim = hidden_size
        head = nn.Linear(hidden_dim, num_classes)
        self.heads = nn.Sequential({**heads, "head": head})
        nn.init.trunc_normal_(self.conv_proj.weight, std=math.sqrt(1 / math.prod(self.conv_proj.weight.shape[1:])))
        nn.init.zeros_(head.weight)

    def forward(self, input: Any) -> Tensor:
        x = self.encoder(self._tokens(input))
        return self.heads(mean(x, axis=1) if self.class_token is None else x[:, 0])

    def _tokens(self, input: Any) -> Tensor:
        """Images as tokens (N, T, D)."""
        x = arguments.array("VisionTransformer", "input", input)
        needed = (self.conv_proj.in_channels, *self.image_size)
        if x.ndim != 4 or x.shape[1:] != needed:
            shape = f"(N, {', '.join(map(str, needed))})"
            raise ValueError(f"VisionTransformer: input has shape {x.shape}, but must be {shape}")
        y = self.conv_proj(x)
        patches = reshape(y, (*y.shape[:2], y.shape[2] * y.shape[3])).swapaxes(1, 2)
        if self.class_token is None:
            return patches
        return concatenate([broadcast_to(self.class_token, (len(x), 1, patches.shape[2])), patches], axis=1)

    def attention_maps(self, input: Any) -> Tensor:
        """Where each token looks, in each head of each block, without dropout.

        Parameters
        ----------
        input : array-like, shape (N, C, H, W)
            Images.

        Returns
        -------
        Tensor, shape (num_layers, N, num_heads, T, T)
            Weights: of each token, those of all tokens sum to 1. With a class token, that is the first; patches follow
            row by row. No gradient flows through it.

        Raises
        ------
        ValueError
            For images of another size.
        """
        maps = []
        blocks: Any = self.encoder.layers
        with evaluating(self), no_grad():
            x = self.encoder.placed(self._tokens(input))
            for block in blocks:
                x, weights = block.weighted(x)
                maps.append(weights)
        return stack(maps)


_documented = documented(
    VisionTransformer,
    "A. Dosovitskiy et al., An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale, ICLR 2021.",
    "num_classes=10, image_size=28, patch_size=14, num_layers=1, num_heads=2, hidden_dim=8, mlp_dim=16",
    (2, 3, 28, 28),
)
_BASE = {"num_layers": 12, "num_heads": 12, "hidden_dim": 768, "mlp_dim": 3072}
_LARGE = {"num_layers": 24, "num_heads": 16, "hidden_dim": 1024, "mlp_dim": 4096}
_HUGE = {"num_layers": 32, "num_heads": 16, "hidden_dim": 1280, "mlp_dim": 5120}


def _sized(patch_size: int, sizes: dict[str, int], num_classes: int, options: dict[str, Any]) -> VisionTransformer:
    return VisionTransformer(
        **{"image_size": 224, "patch_size": patch_size, "num_classes": num_classes, **sizes, **options}
    )


@_documented
def vit_b_16(num_classes: int = 1000, **options: Any) -> VisionTransformer:
    """ViT-B/16: 86.6 million parameters."""
    return _sized(16, _BASE, num_classes, options)


@_documented
def vit_b_32(num_classes: int = 1000, **options: Any) -> VisionTransformer:
    """ViT-B/32: 88.2 million parameters."""
    return _sized(32, _BASE, num_classes, options)


@_documented
def vit_l_16(num_classes: int = 1000, **options: Any) -> VisionTransformer:
    """ViT-L/16: 304.3 million parameters."""
    return _sized(16, _LARGE, num_classes, options)


@_documented
def vit_l_32(num_classes: int = 1000, **options: Any) -> VisionTransformer:
    """ViT-L/32: 306.5 million parameters."""
    return _sized(32, _LARGE, num_classes, options)


@_documented
def vit_h_14(num_classes: int = 1000, **options: Any) -> VisionTransformer:
    """ViT-H/14: 632.0 million parameters."""
    return _sized(14, _HUGE, num_classes, options)
