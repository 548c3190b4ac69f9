"""What the examples share: options, data, training, pictures."""

import argparse
import os
import tempfile

from matplotlib.figure import Figure
from sklearn.datasets import load_digits
from tqdm import tqdm

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F


class Parser(argparse.ArgumentParser):
    def error(self, message):
        self.exit(2, f"{self.prog}: error: {message}\n")  # without the usage


def count(text):
    if int(text) < 1:
        raise ValueError
    return int(text)


def options(description, files):
    """A parser with the options of all examples."""
    summary = description.splitlines()[0]
    parser = Parser(description=summary, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    parser.add_argument("--seed", type=int, default=0, help="of everything that is random")
    parser.add_argument("--threads", type=count, default=tw.get_num_threads(), help="any number gives the same bits")
    parser.add_argument("--out", default=".", help=f"directory for {files}")
    return parser


def read(parser):
    """The options given; starts the random numbers."""
    args = parser.parse_args()
    if not 0 <= args.seed < 2**64:
        parser.error(f"argument --seed: {args.seed} is not between 0 and 2**64 - 1")
    try:
        os.makedirs(args.out, exist_ok=True)
        tempfile.TemporaryFile(dir=args.out).close()
    except OSError as error:
        parser.error(f"argument --out: cannot write to {args.out!r}: {error.strerror}")
    tw.set_num_threads(args.threads)
    tw.random.seed(args.seed)
    return args


def add_quick(parser):
    parser.add_argument("--quick", action="store_true", help="a run of seconds, to see that it works")


def pictures_of_digits():
    """Training and test set of images (N, 1, 8, 8) in [0, 1] and labels, the same every time."""
    digits = load_digits()
    images = tw.asarray(digits.images, dtype=tw.float32).reshape((-1, 1, 8, 8)) / 16
    parts = tw.data.random_split(tw.data.TensorDataset(images, digits.target), [0.75, 0.25], tw.random.Generator(0))
    return [tw.data.TensorDataset(*part[:]) for part in parts]


def adding_problem(steps, batch):
    """Sequences (steps, batch, 2) of numbers in [0, 1) and marks, one in each half, and the sums of the marked numbers.

    Whoever remembers nothing answers 1, with a mean squared error of 1/6.
    """
    numbers, columns, half = tw.random.uniform(size=(steps, batch)), tw.arange(batch), steps // 2
    first, second = tw.random.integers(0, half, batch), tw.random.integers(half, steps, batch)
    marks = tw.zeros((steps, batch))
    marks[first, columns] = 1.0
    marks[second, columns] = 1.0
    return tw.stack([numbers, marks], axis=-1), numbers[first, columns] + numbers[second, columns]


def identity_rnn(inputs, hidden, std, **options):
    """A layer of ReLUs in which each unit at first keeps what it has and adds what it reads (IRNN).

    Q. V. Le, N. Jaitly, G. E. Hinton, A Simple Way to Initialize Recurrent Networks of Rectified Linear Units, 2015.
    """
    layer = nn.RNN(inputs, hidden, nonlinearity="relu", **options)
    nn.init.eye_(layer.weight_hh_l0)
    nn.init.normal_(layer.weight_ih_l0, std=std)
    nn.init.zeros_(layer.bias_ih_l0)
    nn.init.zeros_(layer.bias_hh_l0)
    return layer


def convolution(inputs, outputs, **options):
    """A convolution of 3 × 3, batch norm, ReLU."""
    options = {"padding": 1, "bias": False, **options}
    return nn.Conv2d(inputs, outputs, 3, **options), nn.BatchNorm2d(outputs), nn.ReLU()


def make_cnn(width=32):
    """Four convolutions, the last two on half of the resolution, and a linear layer on the mean over all places."""
    return nn.Sequential(
        *convolution(1, width),
        *convolution(width, width),
        nn.MaxPool2d(2),
        *convolution(width, 2 * width),
        *convolution(2 * width, 2 * width),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(2 * width, 10),
    )


def make_augmentation():
    """Digits as they might have been written and scanned, too."""
    return tw.data.transforms.Compose(
        [
            tw.data.transforms.RandomAffine(12, translate=(0.1, 0.1), scale=(0.9, 1.1)),
            tw.data.transforms.ColorJitter(brightness=0.2),
        ]
    )


def evaluate(network, dataset):
    """Loss, accuracy and predictions."""
    images, labels = dataset[:]
    training = network.training
    network.eval()
    with tw.no_grad():
        logits = network(images)
    network.train(training)
    predicted = logits.argmax(axis=1)
    return F.cross_entropy(logits, labels).item(), (predicted == labels).mean().item(), predicted


def train(network, training, epochs, lr=3e-3, *, batch_size=64, change=None, after_backward=None, test=None, title=""):
    """Adam, its rate falling along half a cosine. For each epoch loss and accuracy, in training and on a test set.

    `change(images, labels)` gives the images to train with, `after_backward()` looks at gradients.
    """
    optimizer = tw.optim.Adam(network.parameters(), lr=lr)
    batches = tw.data.DataLoader(training, batch_size=batch_size, shuffle=True)
    curves, steps = [], epochs * len(batches)
    schedule = tw.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    network.train()
    with tqdm(total=steps, unit="batch", desc=title, leave=False) as bar:
        for _ in range(epochs):
            loss_sum = correct = 0
            for images, labels in batches:
                if change is not None:
                    images = change(images, labels)
                optimizer.zero_grad()
                logits = network(images)
                loss = F.cross_entropy(logits, labels)
                loss.backward()
                if after_backward is not None:
                    after_backward()
                optimizer.step()
                schedule.step()
                loss_sum += loss.item() * len(labels)
                correct += (logits.argmax(axis=1) == labels).sum().item()
                bar.update()
            tested = evaluate(network, test)[:2] if test is not None else ()
            curves.append((loss_sum / len(training), correct / len(training), *tested))
            bar.set_postfix(loss=f"{curves[-1][0]:.4f}")
    network.eval()
    return curves


def make_figure(width, height):
    return Figure(figsize=(width, height), layout="constrained")


def show(axes, image, title="", *, colour="black", **how):
    """An image without scales; its dark ends are white, as ink on paper."""
    axes.imshow(image.numpy() if isinstance(image, tw.Tensor) else image, **{"cmap": "gray_r", **how})
    axes.set_title(title, color=colour, fontsize=10)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(color=colour, linewidth=0.5 if colour == "black" else 2)


def save(figure, args, name):
    path = os.path.join(args.out, name)
    figure.savefig(path, dpi=120)
    print(f"wrote {path}")
