"""Convolutions as steps of random programs, of one image; the weight is a value of the program, reshaped."""

from __future__ import annotations

import itertools
import math

from .programs import ORACLES, F, Program, kind, torch

KERNELS = (1, 2, 3)


def weights(p: Program, channels: int, extents: tuple[int, ...]):
    """A value and a shape for it: (filters, channels, kernel..), the kernel within the image."""
    kernels = [k for k in itertools.product(KERNELS, repeat=len(extents)) if all(map(int.__le__, k, extents))]
    p.rng.shuffle(kernels)
    for kernel in kernels:
        size = channels * math.prod(kernel)
        i = p.pick(where=lambda v, size=size: 0 < v.size <= 64 and v.size % size == 0)
        if i is not None:
            return i, (p.values[i].size // size, channels, *kernel)
    return None


@kind("conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def convolution(p: Program, name: str) -> None:
    axes = int(name[-2])
    # (channels, extents..), of a value with an axis less: one channel
    i = p.pick(where=lambda v: v.size > 0 and v.ndim in (axes, axes + 1))
    if i is None:
        return
    image = p.values[i].shape if p.values[i].ndim == axes + 1 else (1, *p.values[i].shape)
    found = weights(p, image[0], image[1:])
    if found is None:
        return
    j, shape = found
    options = {"stride": p.rng.choice((1, 2)), "dilation": 1}
    if name.startswith("conv_"):
        shape = (shape[1], shape[0], *shape[2:])
        options["output_padding"] = p.rng.randrange(options["stride"])
    else:
        options["padding"] = p.rng.choice((0, 1))
    p.add(
        name,
        f"{name}(x as {image}, w as {shape}, {options})",
        (i, j),
        lambda x, w: getattr(F, name)(x.reshape(image), w.reshape(shape), **options),
        lambda x, w: ORACLES[name](x.reshape(image), w.reshape(shape), **options),
        lambda x, w: getattr(torch.nn.functional, name)(x.reshape(image), w.reshape(shape), **options),
    )
