"""Modules of attention: by scores, of several heads, Transformers, and positions."""

from __future__ import annotations

from tilewright import nn

from . import attention_scores as scores, transformer_layers as transformer
from .modules import M, called, refused
from .opcase import A

STACKED = ("d_model", "nhead", "dim_feedforward", "dropout", "bias", "num_encoder_layers", "num_decoder_layers")

# fmt: off
MODULES = (
    M("AdditiveAttention", scores.attention(scores.additive), A((2, 3, 4)), A((2, 5, 6)), query_dim=4, key_dim=6,
      hidden=7, torch=False, errors=(
        refused(ValueError, "hidden is 0", "AdditiveAttention", 4, 6, 0),
        refused(TypeError, "query_dim is 'a'", "AdditiveAttention", "a", 6, 7))),
    M("BilinearAttention", scores.attention(scores.bilinear), A((2, 3, 4)), A((2, 5, 6)),
      query_dim=4, key_dim=6, torch=False, errors=(
        refused(ValueError, "key_dim is 0", "BilinearAttention", 4, 0),)),
    M("DotAttention", scores.attention(scores.dot), A((2, 3, 4)), A((2, 5, 4)), scaled=False, torch=False,
      errors=(refused(TypeError, "scaled is 'x'", "DotAttention", "x"),)),
    M("DotAttention", scores.attention(scores.half_dot), A((2, 3, 4)), A((2, 5, 4)), scaled=True,
      torch=False),
    M("CosineAttention", scores.attention(scores.cosine), A((2, 3, 4)), A((2, 5, 4)), scale=3.0, torch=False,
      errors=(refused(ValueError, "scale is 0.0", "CosineAttention", 0),)),
    M("NetworkAttention", scores.attention(scores.network), A((2, 3, 4)), A((2, 5, 6)), query_dim=4, key_dim=6,
      hidden=(7, 3), activation="silu", torch=False, errors=(
        refused(ValueError, r"hidden is \(\), but must be widths of at least 1", "NetworkAttention", 4, 6, ()),
        refused(ValueError, "activation is 'none'", "NetworkAttention", 4, 6, 7, "none"))),
    M("MultiheadAttention", transformer.multihead, A((3, 2, 4)), A((5, 2, 4)), A((5, 2, 4)), embed_dim=4, num_heads=2,
      exact=False,
      errors=(refused(ValueError, "embed_dim is 4, which 3 heads do not divide", "MultiheadAttention", 4, 3),
              refused(ValueError, "num_heads is 4, which num_kv_heads=3 does not divide", "MultiheadAttention", 4, 4,
                      num_kv_heads=3),
              refused(ValueError, "num_heads is 0", "MultiheadAttention", 4, 0),
              refused(ValueError, "dropout is 2.0", "MultiheadAttention", 4, 2, 2.0),
              refused(ValueError, "kdim is 0", "MultiheadAttention", 4, 2, kdim=0),
              refused(TypeError, "batch_first is 'no'", "MultiheadAttention", 4, 2, batch_first="no"),
              refused(TypeError, "dtype is int64", "MultiheadAttention", 4, 2, dtype="int64"))),
    M("MultiheadAttention", transformer.multihead, A((3, 4)), A((5, 3)), A((5, 2)), embed_dim=4, num_heads=2, kdim=3,
      vdim=2, bias=False, exact=False),
    M("MultiheadAttention", transformer.multihead, A((2, 3, 4)), A((2, 2, 4)), A((2, 2, 4)), embed_dim=4, num_heads=4,
      add_bias_kv=True, add_zero_attn=True, batch_first=True, exact=False),
    M("MultiheadAttention", transformer.multihead, A((2, 3, 8)), A((2, 4, 8)), A((2, 4, 8)), embed_dim=8, num_heads=4,
      num_kv_heads=2, batch_first=True, exact=False, torch=False),
    M("TransformerEncoderLayer", transformer.encoder_layer, A((3, 2, 4)), d_model=4, nhead=2, dim_feedforward=6,
      dropout=0.0, exact=False, tolerance=256, unshown=STACKED,
      errors=(refused(ValueError, "d_model is 4, which 3 heads do not divide", "TransformerEncoderLayer", 4, 3),
              refused(ValueError, "activation is 'swish'", "TransformerEncoderLayer", 4, 2, activation="swish"),
              refused(TypeError, "activation is 3", "TransformerEncoderLayer", 4, 2, activation=3),
              refused(ValueError, "dim_feedforward is 0", "TransformerEncoderLayer", 4, 2, 0))),
    M("TransformerEncoderLayer", transformer.encoder_layer, A((2, 3, 4)), d_model=4, nhead=2, dim_feedforward=6,
      dropout=0.1, batch_first=True, norm_first=True, bias=False, random=True, exact=False, tolerance=256,
      unshown=STACKED),
    M("TransformerDecoderLayer", transformer.decoder_layer, A((3, 2, 4)), A((4, 2, 4)), d_model=4, nhead=2,
      dim_feedforward=6, dropout=0.0, exact=False, tolerance=256, unshown=STACKED,
      errors=(refused(ValueError, "dropout is -1.0", "TransformerDecoderLayer", 4, 2, dropout=-1.0),)),
    M("TransformerDecoderLayer", transformer.decoder_layer, A((2, 3, 4)), A((2, 4, 4)), d_model=4, nhead=1,
      dim_feedforward=6, dropout=0.1, batch_first=True, norm_first=True, random=True, exact=False, tolerance=256,
      unshown=STACKED),
    M("TransformerEncoder", transformer.encoder, A((3, 2, 4)), exact=False, tolerance=256, torch=False,
      build=lambda: nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 6, 0.0), 2, nn.LayerNorm(4)),
      errors=(refused(TypeError, "encoder_layer is None, but must be a Module", "TransformerEncoder", None, 2),
              refused(ValueError, "num_layers is -1", "TransformerEncoder", nn.Identity(), -1),
              refused(TypeError, "norm is 1, but must be a Module", "TransformerEncoder", nn.Identity(), 1, 1))),
    M("TransformerDecoder", transformer.decoder, A((3, 2, 4)), A((4, 2, 4)), exact=False, tolerance=256, torch=False,
      build=lambda: nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 6, 0.0), 2),
      errors=(refused(TypeError, "decoder_layer is 'x', but must be a Module", "TransformerDecoder", "x", 2),)),
    M("Transformer", transformer.transformer, A((3, 2, 4)), A((4, 2, 4)), d_model=4, nhead=2, num_encoder_layers=2,
      num_decoder_layers=1, dim_feedforward=6, dropout=0.0, exact=False, tolerance=512, grad=1, unshown=STACKED,
      errors=(refused(ValueError, "num_decoder_layers is -1", "Transformer", 4, 2, 1, -1),
              refused(TypeError, "custom_encoder is 'x'", "Transformer", 4, 2, custom_encoder="x"))),
    M("SinusoidalPositions", transformer.sinusoidal, A((2, 3, 5)), embedding_dim=5, base=100.0, torch=False,
      exact=False, errors=(refused(ValueError, "embedding_dim is 0", "SinusoidalPositions", 0),
              refused(ValueError, "base is 0.0", "SinusoidalPositions", 4, 0.0),
              called(r"SinusoidalPositions: input has shape \(2, 3, 4, 5\), but must be \(.., T, 4\)",
                     "SinusoidalPositions", 4))),
    M("LearnedPositions", lambda module, x: x + module.weight[:3], A((2, 3, 4)), num_positions=7, embedding_dim=4,
      torch=False,
      errors=(refused(ValueError, "num_positions is 0", "LearnedPositions", 0, 4),
              refused(ValueError, "std is -1.0", "LearnedPositions", 3, 4, -1.0),
              called(r"LearnedPositions: input \(2, 3, 4, 5\) with offset=0 ends at position 4, but there are 2",
                     "LearnedPositions", 2, 5))),
)
# fmt: on
