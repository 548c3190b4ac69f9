"""Random changes of images, against loops over their pixels in NumPy."""

from __future__ import annotations

import math
import pickle

import numpy as np
import pytest

import tilewright as tw
from tilewright.data import DataLoader, TensorDataset, transforms

SEVERAL = [
    transforms.RandomAffine(20, (0.2, 0.1), (0.8, 1.2), (-10, 10), fill=0.5),
    transforms.RandomRotation(30),
    transforms.RandomShift(2),
    transforms.RandomShift((1.5, 0.5), whole=False),
    transforms.RandomHorizontalFlip(),
    transforms.RandomVerticalFlip(),
    transforms.RandomCrop(5, padding=1),
    transforms.RandomErasing(value="random"),
    transforms.ColorJitter(0.5, 0.5),
    transforms.GaussianNoise(),
]


def images(*shape, dtype="float32", seed=0):
    return tw.random.Generator(seed).normal(size=shape or (4, 3, 7, 6), dtype="float64").astype(dtype)


def same_bits(got, wanted):
    got, wanted = np.ascontiguousarray(got), np.ascontiguousarray(wanted)
    return got.dtype == wanted.dtype and got.shape == wanted.shape and got.tobytes() == wanted.tobytes()


def affine_by_loops(batch, angle, translate, scale, shear, fill):
    """From the formula: where each pixel comes from, and the mean of the four pixels around."""
    x = batch.numpy().astype(np.float64)
    out = np.empty_like(x)
    height, width = x.shape[2:]
    middle = np.array([(width - 1) / 2, (height - 1) / 2])

    def pixel(n, row, column):
        inside = 0 <= row < height and 0 <= column < width
        return x[n, :, row, column] if inside else np.full(x.shape[1], float(fill))

    for n in range(len(x)):
        a, h, v = (math.radians(d) for d in (angle[n], shear[0][n], shear[1][n]))
        turn = np.array([[math.cos(a), -math.sin(a)], [math.sin(a), math.cos(a)]])
        sheared = np.array([[1, 0], [-math.tan(v), 1]]) @ np.array([[1, -math.tan(h)], [0, 1]])
        back = np.linalg.inv(scale[n] * turn @ sheared)
        for row in range(height):
            for column in range(width):
                place = np.array([column, row]) - middle - [translate[0][n], translate[1][n]]
                c, r = back @ place + middle
                left, top = math.floor(c), math.floor(r)
                dc, dr = c - left, r - top
                upper = pixel(n, top, left) * (1 - dc) + pixel(n, top, left + 1) * dc
                lower = pixel(n, top + 1, left) * (1 - dc) + pixel(n, top + 1, left + 1) * dc
                out[n, :, row, column] = upper * (1 - dr) + lower * dr
    return out


@pytest.mark.parametrize("shape", [(4, 3, 7, 6), (2, 1, 1, 5), (3, 2, 4, 1)], ids=str)
@pytest.mark.parametrize(("dtype", "tolerance"), [("float64", 1e-12), ("float32", 1e-4), ("float16", 2e-2)])
def test_affine(shape, dtype, tolerance):
    batch, count = images(*shape, dtype=dtype), shape[0]
    rng = np.random.default_rng(1)
    angle, right, down, h, v = rng.uniform(-1, 1, (5, count)) * [[200], [3], [3], [40], [40]]
    scale = rng.uniform(0.5, 2, count)
    got = transforms.affine(batch, angle, (right, down), scale, (h, v), fill=0.25)
    assert got.dtype == batch.dtype
    wanted = affine_by_loops(batch, angle, (right, down), scale, (h, v), 0.25)
    np.testing.assert_allclose(got.numpy().astype(float), wanted, atol=tolerance, rtol=0)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_no_change_keeps_the_bits(dtype):
    batch = images(dtype=dtype)
    batch[0, 0, 0, 0] = -0.0
    unchanged = (
        transforms.RandomAffine(0, (0, 0), (1, 1), (0, 0), fill=7),
        transforms.RandomRotation(0),
        transforms.RandomShift(0),
        transforms.RandomShift(0, whole=False),
        transforms.RandomHorizontalFlip(0),
        transforms.RandomVerticalFlip(0),
        transforms.RandomCrop((7, 6)),
        transforms.RandomErasing(0),
        transforms.ColorJitter(),
        transforms.Normalize(0, 1),
    )
    for transform in unchanged:
        assert same_bits(transform(batch), batch), transform


@pytest.mark.parametrize("size", [6, 7])
@pytest.mark.parametrize("quarters", [-3, -2, -1, 1, 2, 3, 4, 5])
def test_right_angles_are_exact(size, quarters):
    batch = images(3, 2, size, size)
    angle = 90.0 * quarters
    wanted = np.rot90(batch.numpy(), quarters, axes=(2, 3))
    assert same_bits(transforms.RandomRotation((angle, angle))(batch), wanted)
    assert same_bits(transforms.RandomAffine((-angle, -angle))(batch), wanted)


def test_whole_pixels_are_exact():
    batch = images()
    for right, down in ((2, 0), (0, -3), (-1, 4), (6, 0), (100, -100)):
        wanted = np.full(batch.shape, 9, np.float32)
        for row in range(7):
            for column in range(6):
                if 0 <= row - down < 7 and 0 <= column - right < 6:
                    wanted[:, :, row, column] = batch.numpy()[:, :, row - down, column - right]
        assert same_bits(transforms.affine(batch, translate=(right, down), fill=9), wanted)


def test_each_image_has_its_own_parameters():
    """One by one they are what they are together, with the parameters that belong to each."""
    batch, angle, right = images(), [10.0, -50.0, 0.0, 200.0], [0.0, 1.5, -2.0, 0.25]
    together = transforms.affine(batch, angle, (right, 0.0), 1.25)
    for n in range(4):
        alone = transforms.affine(batch[n : n + 1], angle[n], (right[n], 0.0), 1.25)
        assert same_bits(alone[0], together[n])
    same = images(1, 1, 7, 7).numpy().repeat(50, axis=0)
    for transform in SEVERAL:
        assert len({image.tobytes() for image in transform(tw.asarray(same)).numpy()}) > 1, transform


@pytest.mark.parametrize("transform", SEVERAL, ids=lambda t: type(t).__name__)
def test_the_same_seed_gives_the_same_bits(transform):
    batch, results = images(), []
    for seed, threads in ((3, 1), (3, 2), (4, 2)):
        before = tw.get_num_threads()
        tw.set_num_threads(threads)
        tw.random.seed(seed)
        results.append(transform(batch))
        tw.set_num_threads(before)
        own = pickle.loads(pickle.dumps(transform))
        own.generator = tw.random.Generator(seed)
        assert same_bits(own(batch), results[-1])
    assert same_bits(results[0], results[1]) and not same_bits(results[0], results[2])


@pytest.mark.parametrize("transform", [*SEVERAL, transforms.Normalize(1, 2)], ids=lambda t: type(t).__name__)
def test_memory_layout_does_not_matter_and_batches_stay_as_they_are(transform):
    batch = images()
    before = batch.numpy().copy()
    wide = np.zeros((7, 4, 6, 6), np.float32)
    strided = wide[:, :, :, ::2].transpose(1, 3, 0, 2)[:, ::-1]
    strided[...] = before
    results = []
    for given in (batch, strided):
        tw.random.seed(1)
        results.append(transform(given))
    assert same_bits(*results) and results[0].dtype == tw.float32
    assert same_bits(batch, before)


@pytest.mark.parametrize("transform", [*SEVERAL, transforms.Normalize(1, 2)], ids=lambda t: type(t).__name__)
def test_gradients_flow_to_the_batch(transform):
    batch = images(2, 3, 5, 5, dtype="float64")
    transform = pickle.loads(pickle.dumps(transform))

    def changed(x):
        transform.generator = tw.random.Generator(5)
        return transform(x)

    tw.testing.check_grads(changed, batch)


@pytest.mark.parametrize("transform", [*SEVERAL, transforms.Normalize(1, 2)], ids=lambda t: type(t).__name__)
def test_a_batch_of_none(transform):
    result = transform(tw.zeros((0, 3, 7, 7)))
    assert result.shape[:2] == (0, 3) and result.dtype == tw.float32


def test_flips():
    batch = tw.arange(4000).reshape((1000, 1, 2, 2))
    x = batch.numpy()
    tw.random.seed(0)
    for transform, mirrored in (
        (transforms.RandomHorizontalFlip(0.25), x[..., ::-1]),
        (transforms.RandomVerticalFlip(0.25), x[..., ::-1, :]),
    ):
        got = transform(batch).numpy()
        turned = (got == mirrored).all(axis=(1, 2, 3))
        assert ((got == x).all(axis=(1, 2, 3)) ^ turned).all()
        assert 200 < turned.sum() < 300


def test_shifts_reach_every_distance_and_no_farther():
    batch = np.zeros((2000, 1, 9, 9), np.float32)
    batch[:, :, 4, 4] = 1
    tw.random.seed(0)
    places = np.argwhere(transforms.RandomShift((3, 1))(batch).numpy())[:, 2:] - 4
    assert {tuple(p) for p in places} == {(row, column) for row in (-1, 0, 1) for column in range(-3, 4)}
    assert len(places) == 2000
    moved = transforms.RandomShift((2.5, 0), whole=False)(batch).numpy()
    across = (moved.sum(axis=(1, 2)) * (np.arange(9) - 4)).sum(axis=1)
    assert -2.5 <= across.min() < -2.4 and 2.4 < across.max() <= 2.5 and abs(across.mean()) < 0.1
    np.testing.assert_allclose(moved.sum(axis=(1, 2, 3)), 1, rtol=1e-5)


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric"])
def test_crops(mode):
    batch = images(500, 2, 5, 4)
    options = {"constant_values": 8} if mode == "constant" else {}
    if mode in ("reflect", "symmetric"):
        padding, widths = (1, 2), ((0, 0), (0, 0), (2, 2), (1, 1))
    else:
        padding, widths = (1, 2, 2, 3), ((0, 0), (0, 0), (2, 3), (1, 2))
    padded = np.pad(batch.numpy(), widths, mode, **options)
    tw.random.seed(0)
    transform = transforms.RandomCrop((4, 3), padding, fill=options.get("constant_values", 0), padding_mode=mode)
    got = transform(batch).numpy()
    rows, columns = padded.shape[2] - 3, padded.shape[3] - 2
    seen = set()
    for n in range(500):
        windows = [(r, c) for r in range(rows) for c in range(columns)]
        found = [w for w in windows if same_bits(padded[n, :, w[0] : w[0] + 4, w[1] : w[1] + 3], got[n])]
        assert len(found) == 1
        seen.update(found)
    assert len(seen) == rows * columns


def test_crops_take_any_dtype():
    batch = tw.arange(32).reshape((2, 1, 4, 4)).astype("uint8")
    assert transforms.RandomCrop(4)(batch).tolist() == batch.tolist()
    assert transforms.RandomCrop(2)(batch).dtype == tw.uint8


def test_erasing():
    tw.random.seed(0)
    batch = tw.ones((3000, 2, 20, 10))
    got = transforms.RandomErasing(0.5, (0.1, 0.3), (0.5, 2.0), value=[5.0, 6.0])(batch).numpy()
    erased = got[:, 0] == 5
    assert ((got[:, 1] == 6) == erased).all() and (got[:, 0][~erased] == 1).all()
    touched = erased.any(axis=(1, 2))
    assert 1400 < touched.sum() < 1600
    heights, widths = erased.any(axis=2).sum(axis=1)[touched], erased.any(axis=1).sum(axis=1)[touched]
    assert (erased.sum(axis=(1, 2))[touched] == heights * widths).all()  # whole rectangles
    areas, ratios = heights * widths / 200, heights / widths
    assert 0.08 < areas.min() < 0.13 and 0.27 < areas.max() < 0.34
    assert 0.4 < ratios.min() < 0.6 and 1.7 < ratios.max() < 2.4
    assert erased.any(axis=0).all()  # every place is erased at some time
    assert erased[:, 0].any(axis=1).sum() < 0.5 * touched.sum()  # and the edge not always


def test_erasing_all_or_a_square_or_with_noise():
    batch = tw.ones((50, 1, 8, 8))
    assert (transforms.RandomErasing(1, (1, 1), (1, 1), 3)(batch) == 3).all()
    square = transforms.RandomErasing(1, (0.25, 0.25), (1, 1))(batch).numpy() == 0
    assert (square.any(axis=2).sum(axis=2) == 4).all() and (square.any(axis=3).sum(axis=2) == 4).all()
    long = transforms.RandomErasing(1, (0.25, 0.25), (100, 100))(batch).numpy() == 0  # 40 by 0.4 pixels
    assert not long.any()
    noise = transforms.RandomErasing(1, (1, 1), (1, 1), "random")(tw.ones((50, 1, 40, 40))).numpy()
    assert abs(noise.mean()) < 0.02 and abs(noise.std() - 1) < 0.02


def test_colours():
    batch = images(500, 3, 4, 5, dtype="float64")
    x = batch.numpy()
    tw.random.seed(0)
    brightness = (transforms.ColorJitter(0.4)(batch).numpy() / x)[:, 0, 0, 0]
    assert 0.6 <= brightness.min() < 0.61 and 1.39 < brightness.max() <= 1.4
    got = transforms.ColorJitter((2, 2), (0.5, 1.5))(batch).numpy()
    grey = (2 * x * np.array([0.299, 0.587, 0.114])[:, None, None]).sum(axis=1).mean(axis=(1, 2))[:, None, None, None]
    contrast = (got - grey) / (2 * x - grey)
    np.testing.assert_allclose(contrast, np.broadcast_to(contrast[:, :1, :1, :1], x.shape), rtol=1e-6)
    assert 0.5 <= contrast.min() < 0.52 and 1.48 < contrast.max() < 1.50001
    clipped = transforms.ColorJitter((2, 2), (0, 0), clip=True)(batch).numpy()
    np.testing.assert_allclose(clipped, np.broadcast_to(grey.clip(0, 1), x.shape), atol=1e-12)
    plain = transforms.ColorJitter(0, (0, 0))(batch[:, :2]).numpy()
    np.testing.assert_allclose(plain[:, 0, 0, 0], x[:, :2].mean(axis=(1, 2, 3)), atol=1e-12)
    assert transforms.ColorJitter(3).brightness == (0, 4)


def test_noise():
    tw.random.seed(0)
    noise = transforms.GaussianNoise(0.5, 0.1)(tw.ones((100, 1, 30, 30))).numpy() - 1
    assert abs(noise.mean() - 0.5) < 0.002 and abs(noise.std() - 0.1) < 0.001
    clipped = transforms.GaussianNoise(0, 3, clip=True)(tw.ones((10, 1, 30, 30))).numpy()
    assert clipped.min() == 0 and clipped.max() == 1
    half = transforms.GaussianNoise()(tw.ones((1, 1, 2, 2), dtype="float16"))
    assert half.dtype == tw.float16


def test_normalize():
    batch = images()
    mean, std = np.array([1, 2, 3], np.float32), np.array([0.5, 4, -1], np.float32)
    got = transforms.Normalize(mean, std)(batch)
    assert same_bits(got, (batch.numpy() - mean[:, None, None]) / std[:, None, None])
    assert same_bits(transforms.Normalize(2, 4)(batch), (batch.numpy() - np.float32(2)) / np.float32(4))


def test_composed_and_printed():
    both = transforms.Compose([transforms.RandomShift(1, fill=2), transforms.Normalize(1, 2), lambda batch: batch * 2])
    batch = images()
    tw.random.seed(0)
    wanted = transforms.Normalize(1, 2)(transforms.RandomShift(1, fill=2)(batch)) * 2
    tw.random.seed(0)
    assert same_bits(both(batch), wanted)
    assert repr(transforms.RandomShift(1, fill=2)) == "RandomShift(whole=True, distance=(1.0, 1.0), fill=2.0)"
    assert repr(both).startswith("Compose([RandomShift(whole=True, ") and "Normalize(mean=(1.0,), std=(2.0,))" in repr(
        both
    )


def test_batches_of_a_loader():
    loader = DataLoader(TensorDataset(images(20, 1, 8, 8), tw.arange(20)), batch_size=8)
    augment = transforms.Compose(SEVERAL)
    assert [augment(batch).shape for batch, _ in loader] == [(8, 1, 5, 5), (8, 1, 5, 5), (4, 1, 5, 5)]


# ---- errors ----------------------------------------------------------------------------------------------------------

T = transforms


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (
            lambda: T.RandomRotation(-1),
            ValueError,
            "RandomRotation: degrees is -1.0, but must be finite and at least 0",
        ),
        (lambda: T.RandomRotation((5, 1)), ValueError, r"RandomRotation: degrees is \(5.0, 1.0\), but must be finite"),
        (lambda: T.RandomRotation("5"), TypeError, "RandomRotation: degrees is '5', but must be a real number"),
        (lambda: T.RandomRotation((1, 2, 3)), ValueError, "RandomRotation: degrees has 3 entries"),
        (lambda: T.RandomRotation(1, fill=None), TypeError, "RandomRotation: fill is None"),
        (
            lambda: T.RandomRotation(1, generator=3),
            TypeError,
            "RandomRotation: generator is 3, but must be a Generator",
        ),
        (lambda: T.RandomAffine(math.inf), ValueError, "RandomAffine: degrees is inf"),
        (lambda: T.RandomAffine(0, (0.5, 2)), ValueError, r"RandomAffine: translate is \(0.5, 2.0\), but must lie in"),
        (lambda: T.RandomAffine(0, scale=(0, 1)), ValueError, "RandomAffine: scale is .*, but must be positive"),
        (lambda: T.RandomAffine(0, shear=90), ValueError, "RandomAffine: shear is .*, but must lie between -90 and 90"),
        (lambda: T.RandomShift(-1), ValueError, "RandomShift: distance is .*, but must be finite and at least 0"),
        (lambda: T.RandomShift(0.5), ValueError, "RandomShift: distance is .*, but must be whole pixels"),
        (lambda: T.RandomShift(1, "yes"), TypeError, "RandomShift: whole is 'yes', but must be True or False"),
        (lambda: T.RandomHorizontalFlip(2), ValueError, r"RandomHorizontalFlip: p is 2.0, but must lie in \[0, 1\]"),
        (lambda: T.RandomVerticalFlip(None), TypeError, "RandomVerticalFlip: p is None"),
        (lambda: T.RandomCrop(0), ValueError, "RandomCrop: size is 0, but must be at least 1"),
        (lambda: T.RandomCrop((1, 2, 3)), ValueError, "RandomCrop: size has 3 entries"),
        (lambda: T.RandomCrop(1, -1), ValueError, "RandomCrop: padding is -1, but must be at least 0"),
        (lambda: T.RandomCrop(1, (1, 2, 3)), ValueError, "RandomCrop: padding has 3 entries, but must have 1, 2 or 4"),
        (lambda: T.RandomCrop(1, padding_mode="wrap"), ValueError, "RandomCrop: padding_mode is 'wrap', but must be"),
        (lambda: T.RandomCrop(1, fill=1, padding_mode="edge"), ValueError, "RandomCrop: fill is 1.0, but padding_mode"),
        (lambda: T.RandomErasing(scale=(0.5, 0.1)), ValueError, "RandomErasing: scale is"),
        (lambda: T.RandomErasing(ratio=(0, 1)), ValueError, "RandomErasing: ratio is .*, but must be positive"),
        (lambda: T.RandomErasing(value="noise"), ValueError, "RandomErasing: value is 'noise', but must be \"random\""),
        (lambda: T.RandomErasing(value=[1, "a"]), TypeError, "RandomErasing: value is 'a'"),
        (lambda: T.ColorJitter((-1, 1)), ValueError, "ColorJitter: brightness is .*, but must not be below 0"),
        (lambda: T.ColorJitter(contrast=math.nan), ValueError, "ColorJitter: contrast is nan"),
        (lambda: T.GaussianNoise(sigma=-1), ValueError, "GaussianNoise: mean 0.0 and sigma -1.0 must be finite"),
        (lambda: T.Normalize(0, [1, 0]), ValueError, "Normalize: std is .*, but must not be 0"),
        (lambda: T.Normalize("mean", 1), TypeError, "Normalize: mean is 'mean'"),
        (
            lambda: T.Compose(T.RandomShift(1)),
            TypeError,
            "Compose: transforms is a RandomShift, but must be a sequence",
        ),
        (lambda: T.Compose([3]), TypeError, r"Compose: transforms\[0\] is 3, but must be callable"),
    ],
)
def test_wrong_options(make, error, message):
    with pytest.raises(error, match=message):
        make()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda x: T.RandomRotation(1)(x[0]),
            ValueError,
            r"RandomRotation: batch has shape \(3, 7, 6\), but must be \(N,",
        ),
        (lambda x: T.RandomShift(1)(x.astype("uint8")), TypeError, "RandomShift: batch has dtype uint8, but must be"),
        (lambda x: T.GaussianNoise()("x"), TypeError, "GaussianNoise: batch is 'x', but must be array-like"),
        (lambda x: T.RandomCrop(8)(x), ValueError, r"RandomCrop: batch has images of \(7, 6\), .* at least \(8, 8\)"),
        (lambda x: T.Normalize([1, 2], 1)(x), ValueError, "Normalize: mean has 2 numbers, but batch .* has 3 channels"),
        (lambda x: T.RandomErasing(value=(1, 2))(x), ValueError, "RandomErasing: value has 2 numbers"),
        (lambda x: T.affine(x, [1.0, 2.0]), ValueError, r"affine: angle has shape \(2,\), but must be one number or 4"),
        (lambda x: T.affine(x, math.nan), ValueError, "affine: angle must be finite"),
        (lambda x: T.affine(x, 1j), TypeError, "affine: angle is .*, but must be a real number"),
        (
            lambda x: T.affine(x, tw.ones(4, requires_grad=True)),
            TypeError,
            "affine: angle is a Tensor, but must be a real",
        ),
        (lambda x: T.affine(x, 0, (1, 2, 3)), ValueError, "affine: translate has 3 entries, but must be a pair"),
        (lambda x: T.affine(x, 0, 1), TypeError, "affine: translate is 1, but must be a pair"),
        (lambda x: T.affine(x, scale=0), ValueError, "affine: scale must be positive"),
        (lambda x: T.affine(x, shear=(0, 90)), ValueError, "affine: an entry of shear must be between -90 and 90"),
        (lambda x: T.affine(x, fill="a"), TypeError, "affine: fill is 'a'"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call(images())
