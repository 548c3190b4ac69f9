"""Good arguments, as expressions: by the name of the parameter, and how to make one of each class."""

from __future__ import annotations

from .absurd import DTYPES, TENSORS

X = ('t("float32", 2, 3)', 't("float64", 3)', 't("int64", 2, 3)', "leaf(2, 3)", "grown(2, 3)", "[1.0, 2.0]", "2.0")
FUNCTIONS = (
    "tw.sum",
    "lambda x: (x * x).sum()",
    "tw.tanh",
    "lambda *a: a[0] * 2.0",
    "lambda x: {'a': x, 'b': [x * x]}",
)
DTYPE = ("None", '"float32"', "tw.float64", '"int32"', "np.float32", "float", "bool")
SIZE = ("None", "3", "(2, 3)", "()", "0", "[2]")
BOOL = ("True", "False")
SHAPE = ("(2, 3)", "3", "()", "[3, 2]", "(-1,)", "(0, 3)", "6")
AXIS = ("None", "0", "1", "-1", "(0, 1)", "(0,)", "()")
NUMBER = ("0.0", "1.0", "0.5", "2", "-1.0")
PROBABILITY = ("0.0", "0.5", "1", "0.25")
GENERATOR = ("None", "tw.random.Generator(3)")
MODULES = ("nn.Linear(3, 2)", "nn.ReLU()", "nn.Sequential(nn.Linear(3, 4), nn.Tanh())", "nn.Dropout()")
TARGET = ('t("int64", 2)', 't("float32", 2, 3)', 't("uint8", 2)', "[0, 1]")
LOGITS = ('t("float32", 2, 3)', "leaf(2, 3)", "grown(2, 3)", 't("float64", 2, 3)')
SIGNS = ("[[1, -1, 1], [1, 1, -1]]", "[1, -1]")
LABELS = ("[[0, 2, -1], [-1, 0, 0]]",)
OF_SIGNS = ("hinge_embedding_loss", "HingeEmbeddingLoss", "cosine_embedding_loss", "CosineEmbeddingLoss")
DISTANCES = ("pairwise_distance", "PairwiseDistance", "triplet_margin_loss", "TripletMarginLoss")
NORMS = tuple(f"{kind}Norm{axes}d" for kind in ("Batch", "Instance") for axes in (1, 2, 3))
WEIGHT = ("None", 't("float32", 2, 3)', 't("float32", 3)', "leaf(3)")

IMAGES = ('t("float32", 1, 4, 4, 4)', "leaf(1, 4, 2, 2)", 't("float64", 2, 4, 4)', 't("int64", 1, 4, 2, 2)')
RESIZINGS = ('"nearest"', '"bilinear"', '"linear"', '"bicubic"', '"area"')

WEIGHT_NORM = ("nn.utils.weight_norm(nn.Linear(3, 2))",)
PACKED = "nn.utils.rnn.pack_sequence([leaf(3, 3), leaf(1, 3)])"
SPECTRAL_NORM = ("nn.utils.spectral_norm(nn.Linear(3, 2))",)

# Good arguments by the parameter's name; where a name means different things, by "function.name".
GOOD = {
    "x": X, "input": X, "x1": X, "x2": X, "data": X, "actual": X, "desired": X, "value": X, "gradient": ("None", *X),
    "arrays": ('[t("float32", 2, 3), t("float32", 2, 3)]', "[leaf(3), [1.0]]", "[[1], [2]]"),
    "indices": ("[0, 1]", 't("int64", 2)', 't("int64", 2, 3)', "np.array([1, 0])", "-1"),
    **dict.fromkeys(("gather.axis", "scatter.axis", "scatter_add.axis"), ("0", "1", "-1")), "src": ("1.0", *X),
    "mask": ('t("bool", 2, 3)', "[True, False, True]"), "masked_fill.value": NUMBER,
    **dict.fromkeys(("tril_indices.m", "triu_indices.m"), ("None", "2")), "diag_indices.ndim": ("2", "1"),
    "pvals": ("[0.5, 0.5]", "[0.2, 0.3, 0.5]"), "probs": ("tw.ones((2, 3))", "[0.5, 1.0, 0.0]"),
    "num_samples": ("1", "2"), "replacement": BOOL,
    "one_hot.input": ("[0, 1]", "[[1], [2]]"), "num_classes": ("-1", "3"),
    "condition": ('t("bool", 2, 3)', "True", "[True, False, True]"), "axis": AXIS, "axes": ("None", "(1, 0)", "(0,)"),
    "axis1": ("0", "1"), "axis2": ("-1", "0"), "source": ("0", "-1"), "destination": ("1", "0"),
    "api_version": ("None", '"2023.12"'), "dim": ("-1", "0", "1"), "start_dim": ("0", "1"), "end_dim": ("-1", "1"),
    "shape": SHAPE, "size": SIZE,
    "sections": ("1", "2", "[1]", "3"), "dtype": DTYPE, "copy": ("None", *BOOL), "device": ('"cpu"',),
    "requires_grad": BOOL, "keepdims": BOOL, "min": ("None", "0", "0.5", "[0.0, 1.0, 0.5]"),
    "max": ("None", "1", "2.5", "leaf(3)"), "start": ("0", "1.5", "-3"), "stop": ("5", "None", "2.5", "-3"),
    "step": ("1", "2", "-1", "0.5"), "num": ("5", "0", "1"), "endpoint": BOOL, "n_rows": ("3", "0"),
    "n_cols": ("None", "2"), "k": ("0", "1", "-1"), "topk.k": ("0", "1", "2"), "descending": BOOL, "stable": BOOL,
    "largest": BOOL, "sorted": BOOL, "include_initial": BOOL, "values": X, "fill_value": NUMBER,
    "correction": ("0", "1", "0.5"),
    "from_": DTYPE[1:], "to": DTYPE[1:], "isdtype.kind": ('"integral"', "tw.int8", '("bool", "numeric")'),
    "isdtype.dtype": DTYPE[1:], "finfo.dtype": DTYPE[1:3], "iinfo.dtype": ('"int8"', "tw.uint64"),
    "arrays_and_dtypes": (*DTYPE[1:], "1", "2.5", "leaf(3)"), "stream": ("None",),
    "promote_types.a": DTYPE[1:], "b": DTYPE[1:], "count": ("1", "2"), "show_config.mode": ('"dicts"',),
    "qr.mode": ('"reduced"',), "inv.x": ("np.eye(3)", 't("float64", 2, 2) + tw.eye(2)'), "Q": X, "R": X, "sign": X,
    "slogdet.x": ("np.eye(3)", 't("float32", 2, 2)', "leaf(3, 3)"), "logabsdet": X,
    "train.mode": BOOL, "mode": ('"fan_in"', '"fan_out"'),
    # autograd
    "fun": FUNCTIONS, "function": ("tw.sum", "lambda m: None", "returning(None)"),
    "argnums": ("0", "(0,)", "-1", "(0, 1)"), "has_aux": BOOL, "retain_graph": BOOL, "create_graph": BOOL,
    "hook": ("returning(None)", "lambda *a: None", "abs"),
    "primals": ("(leaf(3),)", '(t("float32", 3),)', '[{"a": t("float64", 2)}]'), "tangents": ('(t("float32", 3),)',),
    "vjp.primals": ("leaf(3)", 't("float32", 2, 3)', '{"a": t("float32", 3)}'),
    "outputs": ("grown(2, 3)", "[grown()]", "[grown(3), grown()]"), "inputs": ("leaf(3)", "[leaf(3)]", "grown(3)"),
    "grad_outputs": ("None", 't("float32", 2, 3)', "[None]"), "needs_input_grad": ("(True,)",), "ctx": ("Plain()",),
    "gradients": X, "args": X, "kwargs": X, "keywords": X, "Context.tensors": ("leaf(3)", "None"),
    # normalisation
    "num_features": ("3",), "affine": BOOL, "track_running_stats": BOOL, "use_input_stats": BOOL,
    "normalized_shape": ("3", "(3,)", "(2, 3)"), "elementwise_affine": BOOL, "num_groups": ("1", "3"),
    "num_channels": ("3", "6"), **dict.fromkeys(("running_mean", "running_var"), ("None", 't("float32", 3)')),
    **dict.fromkeys((f"{name}.momentum" for name in ("batch_norm", "instance_norm")), PROBABILITY),
    **dict.fromkeys((f"{name}.momentum" for name in NORMS), ("None", *PROBABILITY)),
    **dict.fromkeys((f"{name}.bias" for name in ("batch_norm", "instance_norm", "group_norm", "layer_norm")), WEIGHT),
    **dict.fromkeys((f"{name}.eps" for name in ("rms_norm", "RMSNorm")), ("None", "1e-5")),
    **dict.fromkeys((f"{name}.input" for name in NORMS), ('t("float32", 2, 3, 4)', "leaf(2, 3, 2, 2)",
    "leaf(3, 3, 1, 2, 1)", 't("float64", 2, 3)')),
    **dict.fromkeys((f"{name}.input" for name in ("instance_norm", "local_response_norm", "LocalResponseNorm")),
    ('t("float32", 2, 3, 4)', "leaf(2, 3, 2, 2)", 't("int64", 1, 3, 2)')),
    **dict.fromkeys((f"{name}.size" for name in ("local_response_norm", "LocalResponseNorm")), ("1", "2", "5")),
    **dict.fromkeys(("conv_w", "linear_w"), ('t("float32", 3, 3)', "leaf(3, 3)", "[[1.0], [2.0], [3.0]]")),
    **dict.fromkeys(("conv_b", "linear_b", "bn_w", "bn_b"), ("None", 't("float32", 3)', "leaf(3)")),
    **dict.fromkeys(("bn_rm", "bn_rv"), ('t("float32", 3)', "[1.0, 2.0, 3.0]")), "bn_eps": ("1e-5", "0.5"),
    "transpose": BOOL,
    # layers and losses
    "target": TARGET, "weight": WEIGHT, "pos_weight": WEIGHT, "reduction": ('"mean"', '"sum"', '"none"'),
    **dict.fromkeys(("input", "input1", "input2", "anchor", "positive", "negative"), LOGITS), "var": (*LOGITS, "0.5"),
    "margin": ("1.0", "0.5"), "delta": ("1.0", "0.5"), "beta": ("1.0", "0.0"), "keepdim": BOOL,
    **dict.fromkeys(("swap", "full", "log_input", "log_target"), BOOL),
    "distance_function": ("None", "lambda x, y: abs(x - y).sum(axis=-1)"),
    **dict.fromkeys((f"{name}.p" for name in ("multi_margin_loss", "MultiMarginLoss")), ("1", "2")),
    **dict.fromkeys((f"{name}.p" for name in DISTANCES), ("2.0", "1.0", "math.inf")),
    **dict.fromkeys((f"{name}.target" for name in OF_SIGNS), SIGNS),
    "multilabel_margin_loss.target": LABELS, "MultiLabelMarginLoss.target": LABELS,
    "ignore_index": ("-100", "0", "1"), "label_smoothing": PROBABILITY, "p": PROBABILITY, "training": BOOL,
    "softplus.beta": ("0.5", "-2"), "Softplus.beta": ("0.5", "-2"),
    "threshold": NUMBER, "threshold.value": NUMBER, "Threshold.value": NUMBER,
    "min_val": ("-1.0", "0"), "max_val": ("1.0", "2"), "lambd": ("0.5", "0"), "lower": ("0.125", "0"),
    "upper": ("0.5", "1"), "pieces": ("1", "2"), "num_parameters": ("1", "3"), "init": NUMBER,
    "prelu.weight": ("0.25", 't("float32", 1)', "leaf(3)"),
    **dict.fromkeys((f"{name}.input" for name in ("glu", "reglu", "geglu", "swiglu", "GLU", "ReGLU", "GEGLU", "SwiGLU",
    "maxout")), ('t("float32", 2, 4)', "leaf(2, 2)", 't("int64", 2, 2)', "[[1.0, 2.0]]")),
    # attention
    "query": ('t("float32", 2, 3)', "leaf(2, 4, 3)"), "keys": ('t("float32", 2, 5, 3)', "leaf(2, 1, 3)"),
    "query_dim": ("3",), "key_dim": ("3",), "AdditiveAttention.hidden": ("4",),
    "NetworkAttention.hidden": ("4", "(4, 2)"), "NetworkAttention.activation": ('"tanh"', '"silu"'),
    "scaled": BOOL, "CosineAttention.scale": ("2.0",),
    "prepared": ('nn.DotAttention().prepare(t("float32", 2, 5, 3))',),
    **{f"{name}Attention.{key}": good for name in ("Additive", "Bilinear", "Dot", "Cosine", "Network")
    for key, good in (("values", ("None", 't("float32", 2, 5, 2)')), ("lengths", ("None", "[5, 0]")),
    ("mask", ("None", 't("bool", 2, 5)', 't("bool", 2, 4, 5)')))},
    **{f"{name}.{key}": good for name, shape in (("scaled_dot_product_attention", "2, 3, 4"), ("attention_weights",
    "2, 2, 3, 4"), ("varlen_attention", "5, 2, 4")) for key, good in (
    *((key, (f't("float32", {shape})', f"leaf({shape})", f"grown({shape})")) for key in ("query", "key", "value")),
    ("scale", ("None", "0.5", "-1")), ("window", ("None", "1", "(2, 1)", "(-1, 0)")),
    ("bias", ("None", 't("float32", 3, 3)')), ("relative_bias", ("None", "tw.zeros((2, 5))", "leaf(1, 5)")),
    ("causal", ("None", '"upper_left"', '"lower_right"')))},
    "attn_mask": ("None", 't("bool", 3, 3)', 't("float32", 3)'), "dropout_p": PROBABILITY,
    **dict.fromkeys(("is_causal", "enable_gqa", "return_lse"), BOOL), "softcap": ("None", "2.0"),
    "key_lengths": ("None", "[3]", "[2, 0]"), "query_offsets": ("[0, 2, 5]",), "key_offsets": ("None", "[0, 0, 5]"),
    "varlen_attention.relative_bias": ("None", "tw.zeros((2, 9))", "leaf(1, 9)"),
    "capacity": ("None", "4", "9"), "KeyValueCache.key": ('t("float32", 1, 2, 3, 4)',),
    "KeyValueCache.value": ('t("float32", 1, 2, 3, 5)',),
    **dict.fromkeys(("add_layer_norm.residual", "add_rms_norm.residual"), LOGITS), "add_layer_norm.bias": WEIGHT,
    "add_rms_norm.eps": ("None", "1e-5"),
    # positions, linear attention, gates
    **dict.fromkeys(("cos", "sin"), ('t("float32", 2, 1)', "[[0.5]]")), "interleaved": BOOL,
    "rotary.input": ('t("float32", 2, 3)', "leaf(2, 2, 4)"), "RotaryPositions.size": ("2",), "base": ("10000.0", "2"),
    "RotaryPositions.input": ('t("float32", 2, 3)', "leaf(2, 2, 4)"), "RotaryPositions.offset": ("0", "[3, 1]"),
    "RotaryPositions.factor": ("1.0", "2"), "num_heads": ("2", "1"), "num_buckets": ("8",), "max_distance": ("20",),
    **{f"{name}.{key}": good for name in ("ALiBi", "RelativeBias") for key, good in (("queries", ("3", "1")),
    ("keys", ("None", "5")), ("offset", ("0", "2")))},
    "embed_dim": ("2", "4"), "chunk": ("1", "64"), "feature_map": ("None", "abs"), "return_state": BOOL,
    **dict.fromkeys((f"linear_attention.{name}" for name in ("query", "key", "value")), ("leaf(2, 4, 3)",)),
    **dict.fromkeys((f"LinearAttention.{name}" for name in ("query", "input")), ("leaf(2, 4, 2)",)),
    **dict.fromkeys(("LinearAttention.key", "LinearAttention.value"), ("None", "leaf(2, 4, 2)")),
    **dict.fromkeys((f"{name}.causal" for name in ("linear_attention", "LinearAttention")), BOOL),
    "key_padding_mask": ("None", 't("bool", 2, 4)'),
    **dict.fromkeys((f"{name}.state" for name in ("linear_attention", "LinearAttention", "CausalConv1d", "WaveNet")),
    ("None",)), "CausalConv1d.input": ('t("float32", 2, 4, 6)', "leaf(4, 5)"),
    "hidden": ("4",), "GatedFeedForward.activation": ('"silu"', '"gelu"'),
    **{f"MultiheadAttention.{key}": good for key, good in (("embed_dim", ("4", "8")), ("num_heads", ("1", "2")),
    ("add_bias_kv", BOOL), ("add_zero_attn", BOOL), ("kdim", ("None", "3")), ("vdim", ("None", "2")),
    ("num_kv_heads", ("None", "1")), ("dropout", PROBABILITY), ("query", ('t("float32", 3, 2, 4)', "leaf(3, 4)")),
    ("key", ('t("float32", 5, 2, 4)', "leaf(5, 4)")), ("value", ('t("float32", 5, 2, 4)', "leaf(5, 4)")),
    ("attn_mask", ("None", 't("bool", 3, 5)', 't("float32", 3, 5)')), ("need_weights", BOOL), ("is_causal", BOOL),
    ("average_attn_weights", BOOL), ("key_padding_mask", ("None", 't("bool", 2, 5)')))},
    "d_model": ("4", "8"), "nhead": ("1", "2"), "dim_feedforward": ("3", "8"), "layer_norm_eps": ("1e-5",),
    "norm_first": BOOL, "enable_nested_tensor": BOOL, "mask_check": BOOL, "sz": ("0", "3"), "num_positions": ("3", "9"),
    "custom_encoder": ("None", "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3), 1)"),
    "custom_decoder": ("None", "nn.TransformerDecoder(nn.TransformerDecoderLayer(4, 2, 3), 1)"),
    "encoder_layer": ("nn.TransformerEncoderLayer(4, 2, 3)",),
    "decoder_layer": ("nn.TransformerDecoderLayer(4, 2, 3)",),
    "num_encoder_layers": ("0", "1"), "num_decoder_layers": ("0", "1"), "memory": ('t("float32", 5, 2, 4)',),
    **dict.fromkeys(("src_is_causal", "tgt_is_causal"), ("None", *BOOL)), "memory_is_causal": BOOL,
    **dict.fromkeys(("tgt_mask", "tgt_key_padding_mask", "src_mask", "src_key_padding_mask"),
    ("None", 't("bool", 2, 2)')),
    "memory_mask": ("None", 't("bool", 2, 5)'), "memory_key_padding_mask": ("None", 't("bool", 2, 5)'),
    **{f"{name}.{key}": good for name in ("TransformerEncoderLayer", "TransformerDecoderLayer", "Transformer",
    "TransformerEncoder", "TransformerDecoder") for key, good in (("activation", ('"gelu"', "abs")),
    ("dropout", PROBABILITY), ("norm", ("None", "nn.LayerNorm(4)")), ("mask", ("None", 't("bool", 2, 2)')),
    ("num_layers", ("1", "2")), ("is_causal", BOOL), ("src", ('t("float32", 2, 2, 4)', "leaf(2, 4)")),
    ("tgt", ('t("float32", 2, 2, 4)',)))}, "LearnedPositions.std": ("0.25", "0"),
    "SinusoidalPositions.base": ("100.0",),
    **{f"{name}Positions.{key}": good for name in ("Learned", "Sinusoidal") for key, good in (("offset", ("0", "1")),
    ("embedding_dim", ("3",)), ("input", ('t("float32", 2, 3)', "leaf(1, 2, 3)")))},
    # tables
    "num_embeddings": ("3", "1"), "embedding_dim": ("2", "0"), "padding_idx": ("None", "0", "-1"),
    **dict.fromkeys((f"{name}.max_norm" for name in ("embedding", "embedding_bag", "Embedding", "EmbeddingBag")),
    ("None", "1.5")), **dict.fromkeys(("scale_grad_by_freq", "sparse", "include_last_offset", "freeze"), BOOL),
    **dict.fromkeys((f"{name}.input" for name in ("embedding", "embedding_bag", "Embedding", "EmbeddingBag")),
    ("[[0, 1]]", 'tw.zeros((2, 3), dtype="uint8")', "[0, 0]", 'tw.zeros(3, dtype="int64")')),
    **dict.fromkeys((f"{name}.weight" for name in ("embedding", "embedding_bag")), LOGITS), "embeddings": LOGITS,
    **dict.fromkeys((f"{name}.mode" for name in ("embedding_bag", "EmbeddingBag")), ('"sum"', '"mean"', '"max"')),
    **dict.fromkeys((f"{name}.offsets" for name in ("embedding_bag", "EmbeddingBag")), ("None", "[0, 1]")),
    "per_sample_weights": ("None", "leaf(2)"),
    # sequences of labels
    "log_probs": ('t("float32", 5, 2, 4)', "leaf(5, 2, 4)", 't("float64", 5, 2, 4)'), "blank": ("0", "3"),
    "targets": ("[[1, 2], [2, 2]]", "[1, 2]"), "zero_infinity": BOOL, "input_lengths": ("[5, 4]", "tw.asarray([5, 1])"),
    "target_lengths": ("[2, 1]", "[1, 1]"),
    # images
    "pad_width": ("1", "(1, 2)", "((0, 1), (2, 0))", "[[1], [0]]", "{0: 1}"), "constant_values": ("0", "(1, 2)", "0.0"),
    "pad.mode": ('"constant"', '"reflect"', '"edge"', '"wrap"', '"circular"'), "pad.pad": ("(1, 2)", "(0, 1, 1, 0)"),
    "upscale_factor": ("2", "1"), "downscale_factor": ("2", "1"),
    "scale_factor": ("2.0", "1.5"), "align_corners": ("None", *BOOL), "recompute_scale_factor": ("None", *BOOL),
    "antialias": BOOL,
    **{f"{name}.{parameter}": given for name in ("interpolate", "Upsample", "UpsamplingNearest2d",
    "UpsamplingBilinear2d") for parameter, given in (("size", ("None", "3", "(2, 3)")), ("mode", RESIZINGS),
    ("input", IMAGES))},
    **dict.fromkeys((f"{name}.input" for name in ("unfold", "Unfold", "pixel_shuffle", "PixelShuffle",
    "pixel_unshuffle", "PixelUnshuffle", "channel_shuffle", "ChannelShuffle", "dropout1d", "dropout2d", "dropout3d",
    "Dropout1d", "Dropout2d", "Dropout3d")), IMAGES),
    **dict.fromkeys(("fold.input", "Fold.input"), ('t("float32", 1, 4, 4)', "leaf(4, 4)", 't("int64", 1, 4, 4)')),
    "PReLU.input": ('t("float32", 2, 3)', "leaf(2, 3)"),
    "Softmax2d.input": ('t("float32", 2, 3, 1)', "leaf(2, 3, 1, 1)"),
    "generator": GENERATOR, "alpha": NUMBER, "negative_slope": NUMBER, "approximate": ('"none"', '"tanh"'),
    **{
        f"{name}{axes}d.{key}": (one.format(", 5" * axes), two.format(", 2" * axes))
        for axes in (1, 2, 3)
        for name in ("conv", "conv_transpose")
        for key, one, two in (
            ("input", 't("float32", 2, 4{})', "leaf(4{})"),
            ("weight", 't("float32", 4, 4{})', "leaf(4, 2{})"),
            ("bias", "None", 't("float32", 4)'),
        )
    },
    "in_channels": ("4",), "out_channels": ("4", "2"), "kernel_size": ("2", "3", "(2,)", "(1, 2)"),
    "stride": ("None", "1", "2", "(2,)", "(1, 2)"), "padding": ("0", "1", '"valid"', '"same"'),
    "dilation": ("1", "2", "(1, 1)"), "output_padding": ("0", "1"), "padding_mode": ('"zeros"',),
    "output_size": ("None", "1", "9", "(2,)", "(3, 4)"),
    "linear.weight": ('t("float32", 4, 3)', "leaf(2, 3)"), "linear.bias": ("None", 't("float32", 4)', "leaf(2)"),
    "bias": BOOL, "activation": ('"none"', '"relu"', '"gelu"', '"silu"'), "in_features": ("3",),
    "out_features": ("2",),
    "state_dict": ("nn.Linear(3, 2).state_dict()", "{}", '{"weight": leaf(2, 3)}', "stepped(tw.optim.SGD, None)"),
    "strict": BOOL, "prefix": ('""', '"a"'), "name": ('"scale"', '"weight"', '"a.b"'),
    "skip_mismatched": BOOL, "remove_duplicate": BOOL, "recurse": BOOL, "set_to_none": BOOL, "prepend": BOOL,
    "with_kwargs": BOOL, "always_call": BOOL, "state_dict.prefix": ('""', '"a."'),
    "get_submodule.target": ('""', '"0"'), "get_parameter.target": ('"weight"', '"0.bias"'),
    "set_submodule.target": ('"extra"', '"0"'), "get_buffer.target": ('"scale"',),
    "add_module.name": ('"extra"', '"0"'), "register_module.name": ('"extra"',),
    "register_parameter.param": ("None", "nn.Parameter(t('float32', 2))"), "register_parameter.name": ('"extra"',),
    "ParameterList.values": ("[nn.Parameter(t('float32', 2))]", "[t('float32', 3), leaf(2)]", "()"),
    "groups": ("1", "2"),
    "default": ("None", "3"), "ParameterList.value": ("t('float32', 2)",),
    "ParameterDict.parameters": ('{"a": t("float32", 2)}', "None"),
    "dirac_.tensor": ('t("float32", 4, 2, 3)',), "sparsity": PROBABILITY, "trunc_normal_.std": ("1.0", "0.02"),
    "trunc_normal_.a": ("-2.0", "-0.5"), "trunc_normal_.b": ("2.0", "math.inf"),
    "Unflatten.dim": ("1", "-1"), "unflattened_size": ("(3, 1)", "(-1, 3)", "3"),
    "normalize.p": ("2.0", "1.0", "math.inf", "0.5"),
    "tensor_name": ('"weight"', '"bias"'), "parametrization": ("nn.Identity()", "nn.Tanh()"), "unsafe": BOOL,
    "leave_parametrized": BOOL, "original": ("nn.Parameter(t('float32', 2))", "t('float32', 3)"),
    "ParametrizationList.modules": ("[nn.Tanh()]", "[nn.Identity(), nn.Tanh()]"),
    "remove_parametrizations.module": WEIGHT_NORM + SPECTRAL_NORM, "remove_weight_norm.module": WEIGHT_NORM,
    "remove_spectral_norm.module": SPECTRAL_NORM, "n_power_iterations": ("1", "3"),
    "vec": ('t("float32", 3)', "[1.0, 2.0, 3.0]"),
    "weight_norm.name": ('"weight"', '"bias"'), "spectral_norm.name": ('"weight"', '"bias"'),
    "remove_weight_norm.name": ('"weight"',), "remove_spectral_norm.name": ('"weight"',),
    "file_name": ('"a"', '"__metadata__"'), "persistent": BOOL,
    "tensor": ('t("float32", 2, 3)', 't("float64", 3, 3)', "nn.Parameter(t('float32', 3, 2))"),
    "model": MODULES, "exact": BOOL, "example_inputs": ('t("float32", 2, 3)', "np.ones((2, 3), 'float32')"),
    "input_shapes": ("(2, 3)", "(3,)"), "paths": BOOL, "modules": MODULES, "index": ("0", "-1"), "module": MODULES,
    "ModuleDict.modules": ('{"a": nn.Linear(3, 2)}', "None"), "update.modules": ('{"b": nn.ReLU()}',),
    "ModuleList.modules": ("[nn.Linear(3, 2), nn.ReLU()]", "()"), "extend.modules": ("[nn.ReLU()]",),
    "layer": ("nn.Linear(3, 2)",), "nonlinearity": ('"relu"', '"tanh"', '"linear"', '"leaky_relu"'),
    "param": ("None", "0.2"), "a": NUMBER, "mean": NUMBER, "std": ("1.0", "0.5"), "gain": NUMBER, "low": NUMBER,
    "high": NUMBER, "integers.low": ("0", "2"), "integers.high": ("None", "10"), "value_": NUMBER,
    "constant_.value": NUMBER, "fill_.value": NUMBER, "requires_grad_.value": BOOL,
    "parameters": ("leaf(3)", "[leaf(3)]", "nn.Linear(3, 2).parameters()"), "max_norm": ("1.0", "0.5"),
    "norm_type": ("2.0", "math.inf", "1"), "error_if_nonfinite": BOOL, "clip_value": ("0.5",),
    "ceil_mode": BOOL, "return_indices": BOOL, "count_include_pad": BOOL, "divisor_override": ("None", "3"),
    # recurrent layers and sequences
    "input_size": ("3",), "hidden_size": ("2", "4"), "num_layers": ("1", "2"), "batch_first": BOOL,
    "dropout": ("0.0",), "bidirectional": BOOL, "proj_size": ("0", "1"), "peephole": BOOL,
    "forget_bias": ("None", "1.0"), "reset_after": BOOL, "hx": ("None", 't("float32", 1, 2, 2)', "(leaf(2), leaf(2))"),
    **dict.fromkeys((f"{name}.input" for name in ("RNN", "LSTM", "GRU")), ('t("float32", 4, 2, 3)', "leaf(4, 3)",
    "grown(2, 2, 3)", PACKED)),
    **dict.fromkeys((f"{name}.nonlinearity" for name in ("RNN", "RNNCell")), ('"tanh"', '"relu"')),
    "sequence": (PACKED,), "packed_sequences": (PACKED,), "sequences": ("[leaf(3, 2), leaf(1, 2)]", "[[1.0], []]"),
    "pack_padded_sequence.input": ('t("float32", 4, 2, 3)', "leaf(4, 2)"), "padded_sequences": ("leaf(4, 2)",),
    **dict.fromkeys(("pack_padded_sequence.lengths", "unpad_sequence.lengths"), ("[4, 1]", "np.array([2, 2])")),
    "enforce_sorted": BOOL, "padding_value": NUMBER, "total_length": ("None", "4"), "batch_sizes": ("[2, 1]",),
    "padding_side": ('"left"', '"right"'), "PackedSequence.data": ('t("float32", 3, 2)', "leaf(3)"),
    **dict.fromkeys(("sorted_indices", "unsorted_indices"), ("None", "[1, 0]")),
    # networks
    "block": ("tw.models.BasicBlock", "tw.models.Bottleneck"), "layers": ("[1]", "(1, 2)"), "width": ("4", "8"),
    "zero_init_residual": BOOL, "stem": ('"imagenet"', '"small"'), "shortcut": ('"padding"', '"none"', '"projection"'),
    "depth": ("11",), "batch_norm": BOOL, "inplanes": ("4",), "planes": ("4",), "downsample": ("None",),
    "residual": BOOL, **dict.fromkeys(("ch1x1", "ch3x3red", "ch3x3", "ch5x5red", "ch5x5", "pool_proj"), ("2",)),
    "Inception.variant": ('"batch_norm"', '"paper"'), "LeNet.variant": ('"modern"', '"paper"'),
    **dict.fromkeys(("LeNet.num_classes", "lenet5.num_classes"), ("3",)), "LeNet.in_channels": ("1",),
    **dict.fromkeys(("BasicBlock.input", "Inception.input"), ('t("float32", 2, 4, 5, 5)', "leaf(1, 4, 4, 6)")),
    "Bottleneck.inplanes": ("16",), "Bottleneck.input": ('t("float32", 2, 16, 5, 5)', "leaf(1, 16, 4, 6)"),
    "LeNet.input": ('t("float32", 2, 1, 32, 32)',), "Inception.in_channels": ("4",),
    **{f"VisionTransformer.{key}": good for key, good in (
    ("image_size", ("8", "(8, 4)")), ("patch_size", ("4", "(2, 4)")), ("num_layers", ("1", "2")), ("num_heads", ("2",)),
    ("hidden_dim", ("4",)), ("mlp_dim", ("6",)), ("dropout", PROBABILITY), ("attention_dropout", PROBABILITY),
    ("num_classes", ("3",)), ("representation_size", ("None", "5")), ("pool", ('"token"', '"mean"')),
    ("in_channels", ("3",)), ("input", ('t("float32", 2, 3, 8, 8)',)))},
    **{f"PixelCNN.{key}": good for key, good in (
    ("levels", ("5",)), ("in_channels", ("1", "2")), ("width", ("4",)), ("num_layers", ("1", "2")),
    ("kernel_size", ("3",)), ("input", ('t("uint8", 2, 1, 3, 4) % 5', 't("float32", 2, 1, 3, 4)')),
    ("count", ("1", "2")), ("height", ("3",)), ("start", ("None", 't("uint8", 2, 1, 1, 4) % 5')))},
    # sequences
    **{f"{name}.{key}": good for name in ("Seq2Seq", "CaptionModel", "EpisodicReader") for key, good in (
    ("num_tokens", ("7",)), ("source_tokens", ("7",)), ("target_tokens", ("5",)), ("num_classes", ("2",)),
    ("embedding_dim", ("3",)), ("hidden_size", ("4",)), ("num_layers", ("1", "2")),
    ("bidirectional", BOOL), ("dropout", PROBABILITY),
    ("source", ('t("uint8", 2, 3) % 7', "[[1, 2]]")), ("target", ('t("uint8", 2, 4) % 5', "[[3]]")),
    ("lengths", ("None", "[3, 1]")), ("text", ('t("uint8", 2, 3) % 7',)), ("images", ('t("float32", 2, 3, 8, 9)',)))},
    **dict.fromkeys(("Seq2Seq.cell", "CaptionModel.cell"), ('"gru"', '"rnn"')),
    "attention": ('"additive"', '"network"', '"dot"'), "attend": ('"after"', '"before"'),
    "reverse": BOOL, "sampling": PROBABILITY, "encoder": ("None",), "features": ("4",), "passes": ("1", "2"),
    "CaptionModel.in_channels": ("3",), "CaptionModel.attention": ('"additive"', '"bilinear"'),
    "question": ("None", "[[1], [2]]"), "question_lengths": ("None", "[1, 1]"),
    **dict.fromkeys(("Seq2Seq.start", "CaptionModel.start"), ("1",)), "end": ("2",), "max_length": ("1", "3"),
    **dict.fromkeys((f"{name}.width" for name in ("generate", "beam_search")), ("1", "3")),
    "length_penalty": ("0.0", "0.6"), "beam_search.start": ("[1, 2]", "[1]"),
    "beam_search.step": ("lambda tokens, state: (tw.zeros((*tokens.shape, 4)), state)",),
    "beam_search.state": ("None", "tw.zeros((2, 3))"),
    **{f"Transformer.{key}": good for key, good in (("source_tokens", ("7",)), ("target_tokens", ("None", "5")),
    ("source", ('t("uint8", 2, 3) % 7', "[[1, 2]]")), ("target", ('t("uint8", 2, 4) % 5', "[[3]]")),
    ("lengths", ("None", "[3, 1]")), ("start", ("1",)))},
    # BERT
    **{f"BERT.{key}": good for key, good in (("vocab_size", ("5",)), ("hidden_size", ("4", "8")),
    ("num_hidden_layers", ("0", "1")), ("num_attention_heads", ("1", "2")), ("intermediate_size", ("3",)),
    ("max_position_embeddings", ("5",)), ("type_vocab_size", ("2",)), ("hidden_dropout_prob", PROBABILITY),
    ("attention_probs_dropout_prob", PROBABILITY), ("pooler", BOOL))},
    "bert": ("tw.models.BERT(3, 4, 1, 2, 3, 5)",), "input_ids": ("[[0, 1], [2, 0]]", 't("uint8", 2, 3) % 3'),
    "attention_mask": ("None", "[[1, 1], [1, 0]]", "[[True, False]]"), "token_type_ids": ("None", "[[0, 0], [0, 0]]"),
    "at": ("None", "[[True, False], [True, True]]"), "num_labels": ("2", "3"),
    **{f"SentenceEncoder.{key}": good for key, good in (("tokenizer", ("None",)), ("max_length", ("None", "3")),
    ("pooling", ('"mean"', '"cls"', '"max"')), ("normalize", BOOL))}, "texts": ('"a"', '["a", "b"]'),
    "folder": ('"none"', 'pathlib.Path("none")'), "network": ("tw.models.BERT", "tw.models.BERTForMaskedLM"),
    "mask_tokens.tokens": ("[0, 1, 2]", 't("uint8", 2, 3) % 3'), "mask_tokens.mask": ("2", "0"),
    "mask_tokens.vocab_size": ("4",), "special": ("()", "[1]"), "probability": PROBABILITY,
    # optimisers
    "params": ("[leaf(3)]", "nn.Linear(3, 2).parameters()", '[{"params": [leaf(3)], "lr": 0.5}]'), "lr": ("0.1", "0"),
    "momentum": ("0.0", "0.9"), "dampening": ("0.0",), "weight_decay": ("0.0", "0.1"), "nesterov": ("False",),
    "maximize": BOOL, "betas": ("(0.9, 0.99)", "[0.5, 0.5]"), "eps": ("1e-8",), "amsgrad": BOOL,
    "defaults": ("{}", '{"lr": 0.1}'), "group": ('{"params": [leaf(2)]}', '{"params": leaf(2), "lr": 0.2}'),
    # learning rate schedules
    "optimizer": ("tw.optim.SGD([leaf(3)])", "tw.optim.Adam([leaf(3)], 0.1)"), "last_epoch": ("-1",),
    "lr_lambda": ("lambda epoch: 0.5", "[math.exp]"), "step_size": ("1", "3"), "gamma": ("0.5", "1"),
    "milestones": ("[1, 3]", "(2,)"), "factor": ("0.5", "0.1"), "total_iters": ("1", "3"), "power": ("1.0", "2"),
    "start_factor": ("0.5", "1"), "end_factor": ("1.0", "0"), "warmup_steps": ("1", "4"), "T_max": ("1", "5"),
    "eta_min": ("0.0", "0.01"), "T_0": ("1", "3"), "T_mult": ("1", "2"), "epoch": ("None", "2", "0.5"),
    "base_lr": ("0.1", "[0.01]"), "max_lr": ("1.0", "[0.5]"), "step_size_up": ("4", "1"),
    "step_size_down": ("None", "2"),
    "CyclicLR.mode": ('"triangular"', '"triangular2"', '"exp_range"'), "scale_fn": ("None", "lambda x: 1 / x"),
    "scale_mode": ('"cycle"', '"iterations"'), "cycle_momentum": BOOL, "base_momentum": ("0.8", "[0.7]"),
    "max_momentum": ("0.9", "[0.99]"), "total_steps": ("None", "10"), "steps_per_epoch": ("5",),
    "pct_start": PROBABILITY, "anneal_strategy": ('"cos"', '"linear"'), "div_factor": ("25.0", "1"),
    "final_div_factor": ("1e4", "2"), "three_phase": BOOL, "ReduceLROnPlateau.mode": ('"min"', '"max"'),
    "patience": ("0", "2"), "threshold_mode": ('"rel"', '"abs"'), "cooldown": ("0", "2"), "min_lr": ("0", "[0.01]"),
    **dict.fromkeys(("ReduceLROnPlateau.threshold", "ReduceLROnPlateau.eps"), ("1e-4", "0")),
    "metrics": ("1.0", "math.nan"), "schedulers": ("[tw.optim.lr_scheduler.StepLR(tw.optim.SGD([leaf(3)]), 1)]",),
    "ChainedScheduler.optimizer": ("None",),
    "PLACE": tuple(map(str, range(16))), "steps": ("1", "5"), "step_number": ("0", "3"),
    # training through time
    "bptt_windows.sequences": ('t("float32", 4, 2)', 't("float32", 4, 3)'),
    "detach_state.state": ("None", "grown(2, 3)", "(grown(2, 3), leaf(3))"),
    # data and files
    "dataset": ('tw.data.TensorDataset(t("float32", 6, 2), t("int64", 6))', "t('int64', 6)", "[1, 2, 3]"),
    "batch_size": ("1", "2", "4"), "shuffle": BOOL, "drop_last": BOOL,
    "tensors": ('t("float32", 4, 2)', 't("int64", 4)'), "lengths": ("[4, 2]", "[0.5, 0.5]", "(6,)"),
    "path": ('"a.safetensors"', 'pathlib.Path("b.safetensors")', '"none/a"'),
    "save.tensors": ('{"a": t("float32", 2)}', "nn.Linear(3, 2)", "{}"), "metadata": ("None", '{"a": "b"}'),
    # text
    "text": ('"to be, or not"', '""'), "words.lower": BOOL, "tokens": ('"abca"', '["to", "be"]'),
    "min_count": ("1", "2"),
    "specials": ("()", '["<pad>"]'), "unknown": ("None", '"<unk>"'), "max_size": ("None", "4"),
    "decode.indices": ("[0, 1]", 't("int64", 2)'), "length": ("1", "2"), "TextWindows.stride": ("None", "1", "3"),
    **dict.fromkeys(("TextWindows.indices", "TextStreams.indices"), ('t("int64", 7)', "[0, 1, 2, 3]")),
    # language models
    "logits": (*LOGITS, "[0.0, 1.0, -math.inf]"), "temperature": ("1.0", "0", "0.5"), "top_k": ("None", "1", "2"),
    "top_p": ("None", "0.0", "0.9", "1"), "generate.step": ("lambda tokens, state: (tw.zeros(3), state)",),
    "prompt": ("[0, 1, 2]", 't("int64", 3)'), "generate.state": ("None",), "loss": ("2.0", 't("float32", 3)'),
    "vocab_size": ("3", "8"), "NGramModel.order": ("2", "1"), "NGramModel.k": ("0.5",), "NGramModel.weights": ("0.5",),
    "discount": ("None", "0.5"), "context": ("2",), "token": ("0", "2"),
    "smoothing": ('"katz"', '"kneser_ney"', '"add_k"', '"jelinek_mercer"'), "ngram": ("[0, 1]", "[2]"),
    **dict.fromkeys(("fit.sequences", "cooccurrences.sequences"), ("[0, 1, 2, 0]", "[0]")),
    **dict.fromkeys(("log_probability.sequence", "perplexity.tokens"), ("[0, 1, 2, 0]", "[0]")),
    **dict.fromkeys(("probability.context", "distribution.context"), ("()", "[0, 1]")), "window": ("2",),
    "symmetric": BOOL, "x_max": ("10.0",), "GloVe.alpha": ("0.75",), "rows": ("[0, 1]",),
    "columns": ("[1, 2]",), "epochs": ("1", "2"), "pairs": ("tw.models.cooccurrences([0, 1, 2], vocab_size=3)",),
    "fit.lr": ("0.1",), "word": ("0", "2"), "nearest.k": ("1", "5"), "analogy.k": ("1", "5"),
    **dict.fromkeys(("analogy.a", "analogy.b", "analogy.c"), ("0", "1", "2")), "factors": ("None", "4"),
    "direct": BOOL, "cell": ('"lstm"', '"mrnn"'), "tie_weights": BOOL, "MultiplicativeRNN.hx": ("None",),
    "NeuralLanguageModel.input": ("[0, 1]", "[[0, 1], [2, 0]]"), "RNNLanguageModel.state": ("None",),
    "RNNLanguageModel.input": ("[0, 1]", "[[0, 1, 2]]"),
    "MultiplicativeRNN.input": ('t("float32", 2, 3)', "leaf(4, 1, 3)"),
    **dict.fromkeys(("residual_channels", "gate_channels", "skip_channels", "WaveNet.layers", "stacks"), ("2",)),
    "WaveNet.kernel_size": ("2", "3"), "condition_channels": ("0",),
    **dict.fromkeys(("WaveNet.condition", "generate.condition"), ("None",)),
    "WaveNet.input": ("[[0, 1, 2]]", 't("int64", 2, 3)'), "WaveNet.prompt": ("[[0, 1]]",),
    "stream.step": ("lambda tokens, state: (tw.zeros(3), state)",), "stream.state": ("None",),
    **dict.fromkeys(("generate.stop", "stream.stop"), ("None", "1", "[0, 2]")), "cache": ("None",), "use_cache": BOOL,
    "num_kv_heads": ("None", "1"), **{f"{name}.{key}": good for name in ("GPT1", "GPT2", "LLaMA") for key, good in (
    ("embedding_dim", ("4", "8")), ("context", ("6",)), ("vocab_size", ("5",)), ("input", ("[[0, 1]]", "[[0, 1, 2]]")),
    ("target", ("None", "[[0, 1]]")), ("start", ("None", "[0]")), ("lengths", ("None", "[1]")),
    ("prompt", ("[[0, 1]]", "[0]", "[[1, 2], [3]]")))},
    # transforms of images
    "batch": ('t("float32", 2, 3, 4, 5)', 't("float64", 1, 1, 3, 3)', "leaf(2, 1, 2, 2)"),
    "transforms": ("[tw.tanh]", "()"), "angle": ("0", "30.0", "[1.0, 2.0]"), "translate": ("(0, 0)", "(0.5, 0.25)"),
    "affine.scale": ("1", "[0.5, 2.0]"), "shear": ("0", "(-5, 5)"), "affine.shear": ("(0, 0)", "(10, [0.5, 20])"),
    "fill": ("0", "1.5"), "degrees": ("10", "(-5, 20)"), "RandomAffine.scale": ("None", "(0.5, 1.5)"),
    "distance": ("1", "(2, 0)"),
    "whole": BOOL, "RandomCrop.size": ("2", "(1, 2)"), "RandomCrop.padding": ("None", "1", "(1, 2)", "(0, 1, 2, 3)"),
    "RandomCrop.padding_mode": ('"constant"',), "RandomErasing.scale": ("(0.1, 0.3)",), "ratio": ("(0.5, 2)",),
    "RandomErasing.value": ("0.5", "[1.0]", '"random"'), "brightness": ("0.25",), "contrast": ("0.25", "(0, 2)"),
    "clip": BOOL, "sigma": ("0.125", "0"), "Normalize.mean": ("0.5", "[0.5]"), "Normalize.std": ("0.5", "[0.5]"),
    # random numbers, testing, memory
    "seed": ("0", "7", "2**64 - 1"), "permutation.x": ("5", 't("int64", 4)'), "choice.a": ("5", 't("float32", 4)'),
    "replace": BOOL, "loc": NUMBER, "scale": ("1.0", "0.0"), "rtol": ("1e-6", "0.0"), "atol": ("0.0", "1.0"),
    "equal_nan": BOOL, "what": ('"arrays"',), "order": ("1", "2"), "directions": ("1", "2"), "nbytes": ("0", "2**20"),
    "check_grads.eps": ("None", "1e-3"),
    "key": ("0", "...", "[0, 1]", "(slice(None), 1)", "t('bool', 2, 3)", "None", "-1"), "spec": ('""', '".2f"'),
    "tiles": ('"none"', '"f2"', '"f4"'), "index_": ("0", "-1", "slice(0, 1)"),
    "state": ("tw.random.Generator(3).state",),
    # NumPy's names
    **dict.fromkeys((f"numpy.{name}" for name in ("a", "m", "y", "z", "arr", "ary", "val", "array", "object")), X),
    "prototype": X, "N": ("3", "0"), "eye.M": ("None", "2"), "n": ("3", "0"), "tri.M": ("None", "2"),
    "indices_or_sections": ("1", "[1]", "3"),
    "type1": DTYPE[1:], "type2": DTYPE[1:], "a_min": ("None", "0", "[0.0, 1.0, 0.5]"), "a_max": ("None", "2.5"),
    "kind": ("None", '"stable"'),
    "sort.order": ("None",), "argsort.order": ("None",),
    "decimals": ("0", "1", "-1"), "ddof": ("0", "1"), "deg": BOOL, "ndmin": ("0", "3"),
    "numpy.linalg.a": ("np.eye(3)",),
    "grad.value": ("None", 't("float32", 2, 3)', 't("float64", 2, 3)', 't("int64", 2, 3)'),
}  # fmt: skip

# How to make one, where good arguments for its constructor would not do.
INSTANCES = {
    "nn.Transformer": ("nn.Transformer(4, 2, 1, 1, 3)",),
    "models.Transformer": ("tw.models.Transformer(7, 5, 4, 2, 1, 1, 3)",),
    "models.BERT": ("tw.models.BERT(3, 4, 1, 2, 3, 5)",),
    "models.Seq2Seq": ("tw.models.Seq2Seq(7, 5, 3, 4)", 'tw.models.Seq2Seq(7, 5, 3, 4, cell="rnn", attention="dot")'),
    "models.WaveNet": ("tw.models.WaveNet(3, 2, 3, 2, layers=2, stacks=2)",),
    "Tensor": (
        't("float32", 2, 3)',
        "leaf(2, 3)",
        "grown(2, 3)",
        't("int64", 3)',
        't("float32")',
        't("complex64", 2, 3)',
    ),
    "DType": ("tw.float32",),
    "nn.Module": ("nn.Module()", "nn.Linear(3, 2)", "nn.Sequential(nn.Linear(3, 4), nn.Tanh())", "cyclic()"),
    "nn.Upsample": ("nn.Upsample(3)", 'nn.Upsample(scale_factor=2.0, mode="bilinear")'),
    "nn.UpsamplingNearest2d": ("nn.UpsamplingNearest2d(3)",),
    "nn.UpsamplingBilinear2d": ("nn.UpsamplingBilinear2d(scale_factor=2.0)",),
    "optim.Optimizer": ("tw.optim.SGD([leaf(3)])", "tw.optim.Adam([leaf(3)])", "tw.optim.AdamW([leaf(3), leaf(2, 2)])"),
    "optim.lr_scheduler.LRScheduler": ("tw.optim.lr_scheduler.ExponentialLR(tw.optim.SGD([leaf(3)]), 0.5)",),
    "optim.lr_scheduler.SequentialLR": (
        "(lambda o, s: s.SequentialLR(o, [s.StepLR(o, 1), s.ConstantLR(o)], [2]))"
        "(tw.optim.SGD([leaf(3)]), tw.optim.lr_scheduler)",
    ),
    "optim.lr_scheduler.OneCycleLR": ("tw.optim.lr_scheduler.OneCycleLR(tw.optim.SGD([leaf(3)]), 1.0, 10)",),
    "autograd.Function": ("tw.autograd.Function()",),
    "autograd.Context": ("tw.autograd.Context((True,))",),
    "random.Generator": ("tw.random.Generator(3)",),
    "numpy.ndarray": ('tw.numpy.asarray(t("float32", 2, 3))', "tw.numpy.arange(3)", "tw.numpy.asarray(leaf(2, 3))"),
    "numpy.random.Generator": ("tw.numpy.random.default_rng(3)",),
    "models.GPT1": ("tw.models.GPT1(5, 6, 4, 2, 2)", "tw.models.GPT2(5, 6, 4, 1, 2)"),
    "nn.Parameter": ('nn.Parameter(t("float32", 2, 3))',),
}

# Pooling, by the number of axes.
_SHAPES = {1: "2, 6", 2: "2, 6, 5", 3: "1, 4, 5, 3"}
for _axes, _shape in _SHAPES.items():
    _inputs = (*(f't("{dtype}", {_shape})' for dtype in ("float32", "float64", "int64")), f"leaf({_shape})")
    for _function, _class in (
        ("max_pool", "MaxPool"),
        ("avg_pool", "AvgPool"),
        ("lp_pool", "LPPool"),
        ("adaptive_max_pool", "AdaptiveMaxPool"),
        ("adaptive_avg_pool", "AdaptiveAvgPool"),
        ("max_unpool", "MaxUnpool"),
    ):
        for _name in (f"{_function}{_axes}d", f"{_class}{_axes}d"):
            GOOD[f"{_name}.input"] = _inputs
            GOOD[f"{_name}.norm_type"] = ("2.0", "1", "3.5")
    for _name in (f"max_unpool{_axes}d", f"MaxUnpool{_axes}d"):
        GOOD[f"{_name}.input"] = (f"tw.ones(({'1, ' * _axes}1))",)
        GOOD[f"{_name}.indices"] = (f'tw.zeros(({"1, " * _axes}1), dtype="int64")', f"[{'[' * _axes}1{']' * _axes}]")
        GOOD[f"{_name}.output_size"] = ("None", f"({'2, ' * _axes})")

# In capitals: nothing absurd takes their place.
GOOD["M"] = (*MODULES, "nn.PackedLinear(nn.Linear(3, 2))")
GOOD["T23"] = tuple(f't("{dtype}", 2, 3)' for dtype in DTYPES)
GOOD["T"] = INSTANCES["Tensor"] + tuple(TENSORS)
GOOD["NP"] = ("None", '"f8"', '"f4"')
GOOD["T3"] = tuple(f't("{dtype}", 3)' for dtype in DTYPES)
