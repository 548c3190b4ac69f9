"""Convolve a photograph with filters made by hand: blurring, sharpening, edges.

python examples/edge_filters.py
"""

import common
from sklearn.datasets import load_sample_image

import tilewright as tw
from tilewright.nn import functional as F


def gaussian(size, sigma):
    """A normalised bell, (size, size)."""
    along = tw.exp(-((tw.arange(size, dtype=tw.float32) - size // 2) ** 2) / (2 * sigma**2))
    bell = along[:, None] * along
    return bell / bell.sum()


SOBEL_X = tw.asarray([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4
LAPLACIAN = tw.asarray([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
SHARPEN = tw.asarray([[0.0, -1, 0], [-1, 5, -1], [0, -1, 0]])
EMBOSS = tw.asarray([[-2.0, -1, 0], [-1, 1, 1], [0, 1, 2]])


def filtered(image, kernel):
    """An image (C, H, W), each channel convolved with a kernel (k, k); beyond its edges it is mirrored."""
    channels, reach = image.shape[0], kernel.shape[0] // 2
    framed = F.pad(image[None], (reach,) * 4, mode="reflect")
    weight = tw.broadcast_to(kernel, (channels, 1, *kernel.shape))
    return F.conv2d(framed, weight, groups=channels)[0]


def apply_all(photograph):
    """By name: the result (C, H, W), and whether it is a picture in [0, 1] or has a sign."""
    grey = (photograph * tw.asarray([0.299, 0.587, 0.114])[:, None, None]).sum(axis=0, keepdims=True)
    across, down = filtered(grey, SOBEL_X), filtered(grey, SOBEL_X.T)
    blurred = filtered(grey, gaussian(9, 1.5))
    return {
        "photograph": (photograph, "picture"),
        "Gaussian, 13 × 13": (filtered(photograph, gaussian(13, 2.5)), "picture"),
        "sharpened": (filtered(photograph, SHARPEN), "picture"),
        "embossed": (filtered(photograph, EMBOSS), "picture"),
        "Sobel, across": (across, "signed"),
        "Sobel, down": (down, "signed"),
        "length of Sobel's gradient": (tw.sqrt(across**2 + down**2), "strength"),
        "Laplacian": (filtered(grey, LAPLACIAN), "signed"),
        "Laplacian of Gaussian": (filtered(blurred, LAPLACIAN), "signed"),
    }


def main():
    parser = common.options(__doc__, "edge_filters.png")
    common.add_quick(parser)
    parser.add_argument(
        "--photograph", choices=("china", "flower"), default="china", help="which of scikit-learn's two"
    )
    args = common.read(parser)
    pixels = tw.asarray(load_sample_image(f"{args.photograph}.jpg"), dtype=tw.float32) / 255
    photograph = pixels.transpose(2, 0, 1)[:, :: 4 if args.quick else 1, :: 4 if args.quick else 1]
    results = apply_all(photograph)
    figure = common.make_figure(15, 11)
    print(f"{'':27} smallest  largest  mean size")
    for axes, (name, (result, kind)) in zip(figure.subplots(3, 3).flat, results.items()):
        print(f"{name:27} {result.min().item():8.3f} {result.max().item():8.3f} {abs(result).mean().item():10.4f}")
        limit = 4 * abs(result).mean().item()
        if kind == "picture":
            common.show(axes, tw.clip(result, 0, 1).transpose(1, 2, 0), name)
        elif kind == "signed":
            common.show(axes, result[0], name, cmap="RdBu", vmin=-limit, vmax=limit)
        else:
            common.show(axes, result[0], name, vmin=0, vmax=limit)
    common.save(figure, args, "edge_filters.png")


if __name__ == "__main__":
    main()
