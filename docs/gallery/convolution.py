"""# Convolution and pooling

A convolution looks at every place of an image through the same small window (Fukushima, 1980; LeCun and others, 1989).
With inputs x of some channels c, weights w and a bias b for each output o, stride s and padding p,

> y[o, i, j] = b[o] + Σ w[o, c, u, v] x[c, s i + u - p, s j + v - p], a sum over c, u and v.

Mathematicians call this a cross-correlation: their convolution turns the kernel round first. Pooling takes the largest
number or the mean of each window in place of the weighted sum.
"""

# %%
from matplotlib import pyplot as plt
from shared import either
from sklearn.datasets import load_sample_image

import tilewright as tw
from tilewright.nn import functional as F

tw.random.seed(0)


def taps(x, size, stride=1, padding=0):
    """What each element (u, v) of a window sees at all places: size² views of (N, C, H, W)."""
    x = tw.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    height, width = ((length - size) // stride + 1 for length in x.shape[2:])
    return [
        x[:, :, u : u + stride * height : stride, v : v + stride * width : stride]
        for u in range(size)
        for v in range(size)
    ]


# %% [markdown]
# The sum goes over the elements of the window, the taps. Each tap weighs a shifted view of the whole image, so the code
# needs no loop over places. The other way is to write every window as a column (im2col). Then the convolution is one
# product of matrices.


# %%
def by_taps(x, weight, bias, **options):
    outputs, channels, size, _ = weight.shape
    kernels = weight.reshape(outputs, channels, size * size).transpose(2, 0, 1)
    weighed = [tw.einsum("nchw,oc->nohw", seen, w) for seen, w in zip(taps(x, size, **options), kernels)]
    return sum(weighed, bias[:, None, None])


def by_columns(x, weight, bias, **options):
    windows = tw.stack(taps(x, weight.shape[-1], **options), axis=2)  # (N, C, taps, H, W)
    columns = windows.reshape(len(x), weight[0].size, -1)
    return (weight.reshape(len(weight), -1) @ columns + bias[:, None]).reshape(len(x), -1, *windows.shape[-2:])


x, bias = tw.random.normal(size=(2, 3, 12, 17)), tw.random.normal(size=4)
print("kernel stride padding   result      by taps  by columns   (largest difference from conv2d)")
for size, stride, padding in ((1, 1, 0), (3, 1, 0), (3, 1, 1), (3, 2, 1), (5, 3, 2)):
    weight, options = tw.random.normal(size=(4, 3, size, size)), {"stride": stride, "padding": padding}
    expected = F.conv2d(x, weight, bias, **options)
    apart = [abs(way(x, weight, bias, **options) - expected).max().item() for way in (by_taps, by_columns)]
    shape = "{} × {}".format(*expected.shape[2:])
    print(f"{size:6} {stride:6} {padding:7}   {shape:9}   {apart[0]:.1e}  {apart[1]:.1e}")

# %% [markdown]
# Both agree with the library up to rounding. A kernel of 3 with padding 1 keeps the size of 12 × 17, and a stride of 2
# halves it, rounded up.
#
# Sobel's kernels (1968) are differences between neighbours, smoothed across. On a photograph they answer where grey
# changes from left to right, and from top to bottom. The length of the two together marks edges of any direction.

# %%
photograph = tw.asarray(load_sample_image("china.jpg"), dtype="float32")[:: either(1, 4), :: either(1, 4)] / 255
grey = (photograph @ tw.asarray([0.299, 0.587, 0.114]))[None, None]
sobel = tw.asarray([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]]) / 4


def edges(image):
    return by_taps(image, tw.stack([sobel, sobel.T])[:, None], tw.zeros(2))


def pooled(image, size, reduce):
    return reduce(tw.stack(taps(image, size, stride=size)), axis=0)


strength = tw.sqrt((edges(grey) ** 2).sum(axis=1, keepdims=True))
largest, mean = pooled(strength, 8, tw.max), pooled(strength, 8, tw.mean)
apart = abs(largest - F.max_pool2d(strength, 8)).max(), abs(mean - F.avg_pool2d(strength, 8)).max()
print("pooled numbers differ from those of the library by at most {:.1e} and {:.1e}".format(*map(float, apart)))

figure, axes = plt.subplots(2, 3, figsize=(9, 4.4), layout="constrained")
across, down = edges(grey)[0]
shown = {"the photograph, grey": grey, "Sobel, left to right": across, "Sobel, top to bottom": down}
shown |= {"length of both": strength, "its maximum in 8 × 8": largest, "its mean in 8 × 8": mean}
for place, (title, image) in zip(axes.flat, shown.items()):
    colours = {"cmap": "RdBu", "vmin": -0.5, "vmax": 0.5} if title.startswith("Sobel") else {"cmap": "gray", "vmin": 0}
    place.imshow(image.squeeze(), **colours)
    place.set(title=title, xticks=[], yticks=[])

# %% [markdown]
# The roof and the columns stand out, and the even sky vanishes. Pooling keeps one number of 64, and the shape is still
# there.
#
# A convolution is equivariant: where the picture moves, the result moves with it. After pooling with a stride of 8 this
# is so for moves by multiples of 8. In return, pooled edges change less where the picture moves a little.

# %%
moves = range(17)
moved = [strength[..., 16 - move : strength.shape[-1] - move] for move in moves]  # to the right, by a pixel each
again = tw.sqrt((edges(grey[..., 11 : grey.shape[-1] - 5]) ** 2).sum(axis=1, keepdims=True))
print("edges of the photograph moved by 5 are the edges moved by 5:", tw.all(again == moved[5]).item())
for move in (4, 8):
    same = pooled(moved[move], 8, tw.max)[..., 1:] == pooled(moved[0], 8, tw.max)[..., :-1]
    print(f"moved by {move}, maxima that were one place to the left before: {same.mean().item():.0%}")


def changes(results):
    first = results[0]
    return [tw.sqrt(((result - first) ** 2).sum() / (first**2).sum()).item() for result in results]


figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4), layout="constrained")
for label, results in {
    "edges": moved,
    "maximum in 8 × 8": [pooled(image, 8, tw.max) for image in moved],
    "mean in 8 × 8": [pooled(image, 8, tw.mean) for image in moved],
}.items():
    left.plot(moves, changes(results), ".-", label=label)
left.set(xlabel="pixels that the photograph moves", ylabel="relative change", title="how much a small move changes")
left.legend()
single = tw.eye(64).reshape(64, 1, 8, 8)  # images with one white pixel each
matrix = by_taps(single, tw.random.normal(size=(1, 1, 3, 3)), tw.zeros(1)).reshape(64, 36).T
right.imshow(matrix, cmap="RdBu", vmin=-2, vmax=2)
right.set(title="a 3 × 3 kernel as a dense layer", xlabel="pixel of 8 × 8", ylabel="place of the result, 6 × 6")
print(f"{matrix.size} weights, of which {(matrix != 0).sum().item()} are not 0")

# %% [markdown]
# A move by one pixel changes the edges by 60%, the maxima by 11% and the means by 7%.
#
# The right picture shows a convolution as a dense layer in which most weights are 0 and the others are shared: each
# column is what the kernel makes of one white pixel. A dense layer that learns all its weights grows with the square of
# the number of pixels. The number of a convolution's weights does not depend on it.

# %%
convolution = sum(p.size for p in tw.nn.Conv2d(3, 16, 3, padding=1).parameters())
for side in (8, 32, 224):
    dense = (3 * side**2 + 1) * 16 * side**2
    print(f"3 channels to 16, {side:3} × {side:3} pixels: convolution {convolution} parameters, dense layer {dense:,}")
