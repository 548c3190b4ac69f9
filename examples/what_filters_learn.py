"""Look into a convolutional network trained on digits: its filters, and what it looks at in a picture.

Activation maximisation: D. Erhan et al., Visualizing Higher-Layer Features of a Deep Network, 2009.
Saliency: K. Simonyan, A. Vedaldi, A. Zisserman, Deep Inside Convolutional Networks, ICLR 2014.
Occlusion and projection back: M. Zeiler, R. Fergus, Visualizing and Understanding Convolutional Networks, ECCV 2014.
Grad-CAM: R. Selvaraju et al., Grad-CAM: Visual Explanations from Deep Networks, ICCV 2017.

python examples/what_filters_learn.py
"""

import common

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F

FEATURES = 13  # layers up to the last convolution's ReLU
GREY = 0.3  # about the mean of all pixels


def of_class(logits, labels):
    return tw.take_along_axis(logits, labels[:, None], axis=1)


def best_images(network, steps):
    """For each class the image that its logit grows largest for, with a price on roughness: (10, 1, 8, 8)."""
    labels, jitter = tw.arange(10), tw.data.transforms.RandomShift(1)

    def objective(images):
        rough = ((images[:, :, 1:] - images[:, :, :-1]) ** 2).sum() + ((images[..., 1:] - images[..., :-1]) ** 2).sum()
        return of_class(network(jitter(images)), labels).sum() - 0.2 * rough

    images, slope = tw.random.uniform(0.2, 0.4, (10, 1, 8, 8)), tw.grad(objective)
    for i in range(steps):
        step = slope(images)
        size = tw.sqrt((step**2).mean(axis=(1, 2, 3), keepdims=True) + 1e-8)
        images = tw.clip(images + 0.1 * (1 - i / steps) * step / size, 0, 1)
    return images


def saliency(network, images, labels):
    """How much each pixel changes the logit of the class: (N, 8, 8)."""
    return abs(tw.grad(lambda x: of_class(network(x), labels).sum())(images))[:, 0]


def occlusion(network, images, labels):
    """By how much the logit of the class falls where 3 × 3 pixels around a place are grey: (N, 8, 8)."""
    near = abs(tw.arange(8)[:, None] - tw.arange(8)) <= 1
    windows = near[:, None, :, None] & near[None, :, None, :]  # row and column of the middle, row and column covered
    covered = tw.where(windows.reshape(1, 64, 8, 8), GREY, images).reshape(-1, 1, 8, 8)
    with tw.no_grad():
        fall = network(images)[:, None] - network(covered).reshape(-1, 64, 10)
    return tw.take_along_axis(fall, labels[:, None, None], axis=2).reshape(-1, 8, 8)


def grad_cam(network, images, labels):
    """Features of the last convolution, weighted by what the logit gains by them on average: (N, 8, 8)."""
    with tw.no_grad():
        features = network[:FEATURES](images)
    gain = tw.grad(lambda f: of_class(network[FEATURES:](f), labels).sum())(features)
    weighted = F.relu((gain.mean(axis=(2, 3), keepdims=True) * features).sum(axis=1, keepdims=True))
    return F.interpolate(weighted, size=(8, 8), mode="bilinear")[:, 0]


def projection(network, images, labels):
    """What in an image the strongest of the last features comes from, by the layers backwards: (N, 8, 8)."""
    layers, x, places = list(network[:FEATURES]), images, {}
    with tw.no_grad():
        for layer in layers:
            if isinstance(layer, nn.MaxPool2d):
                x, places[layer] = F.max_pool2d(x, layer.kernel_size, return_indices=True)
            else:
                x = layer(x)
        x = tw.where(x == x.max(axis=(1, 2, 3), keepdims=True), x, 0)
        for layer in reversed(layers):
            if isinstance(layer, nn.MaxPool2d):
                x = F.max_unpool2d(x, places[layer], layer.kernel_size)
            elif isinstance(layer, nn.ReLU):
                x = layer(x)
            elif isinstance(layer, nn.BatchNorm2d):
                x = x * (layer.weight / tw.sqrt(layer.running_var + layer.eps))[:, None, None]
            else:
                x = F.conv_transpose2d(x, layer.weight, padding=1)
    return x[:, 0]


METHODS = {"saliency": saliency, "occlusion": occlusion, "Grad-CAM": grad_cam, "projection": projection}


def without(images, maps, pixels):
    """The images with so many pixels grey, those that a map is largest at."""
    order = tw.argsort(maps.reshape(-1, 64), axis=1, descending=True)
    rank = tw.argsort(order, axis=1).reshape(images.shape)
    return tw.where(rank < pixels, GREY, images)


def plot_filters(args, network, images):
    figure = common.make_figure(13, 4)
    left, right = figure.subplots(1, 2)
    tw.plot.filters(network[0].weight, left, columns=8, title="the 32 filters of the first convolution")
    probability = F.softmax(network(images).detach(), dim=1)
    titles = [f"{i}: {probability[i, i].item():.1%}" for i in range(10)]
    tw.plot.images(images, right, titles=titles, columns=5, cmap="gray_r", vmin=0, vmax=1)
    right.set_title("what each class grows largest for, and its probability there")
    common.save(figure, args, "filters.png")


def plot_maps(args, images, labels, maps):
    figure = common.make_figure(14, 7.5)
    grid = figure.subplots(1 + len(maps), 10)
    for i in range(10):
        common.show(grid[0, i], images[i, 0], str(labels[i].item()), vmin=0, vmax=1)
        for axes, (name, map) in zip(grid[1:, i], maps.items()):
            signed = name in ("occlusion", "projection")
            limit = max(abs(map[i]).max().item(), 1e-3)
            how = {"cmap": "RdBu_r", "vmin": -limit} if signed else {"cmap": "magma", "vmin": 0}
            common.show(axes, map[i], vmax=limit, **how)
    for axes, name in zip(grid[:, 0], ("digit", *maps)):
        axes.set_ylabel(name)
    common.save(figure, args, "what_it_looks_at.png")


def main():
    parser = common.options(__doc__, "filters.png and what_it_looks_at.png")
    common.add_quick(parser)
    parser.add_argument("--epochs", type=common.count, default=30, help="passes through the data")
    args = common.read(parser)
    if args.quick:
        args.epochs = 2
    training, test = common.pictures_of_digits()
    augment, network = common.make_augmentation(), common.make_cnn()
    common.train(network, training, args.epochs, change=lambda images, labels: augment(images), title="training")
    print(f"test accuracy {common.evaluate(network, test)[1]:.2%}")
    network.requires_grad_(False)
    plot_filters(args, network, best_images(network, 20 if args.quick else 200))

    images, labels = test[: 50 if args.quick else len(test)]
    maps = {name: method(network, images, labels) for name, method in METHODS.items()}
    print(f"\naccuracy on {len(labels)} test digits where the pixels are grey that a map is largest at")
    print(f"{'pixels':10}", *(f"{pixels:6}" for pixels in (4, 8, 16)))
    for name, map in {"random": tw.random.uniform(size=(len(labels), 8, 8)), **maps}.items():
        left = (tw.data.TensorDataset(without(images, map, pixels), labels) for pixels in (4, 8, 16))
        print(f"{name:10}", *(f"{common.evaluate(network, one)[1]:6.1%}" for one in left))
    first = [labels.tolist().index(digit) for digit in range(10)]
    plot_maps(args, images[first], labels[first], {name: map[first] for name, map in maps.items()})


if __name__ == "__main__":
    main()
