"""`tw.diagnose` where small cases are known exactly: curvature, rates, kernels, landscapes of the loss, scale."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest

import tilewright as tw
from tilewright import diagnose, nn
from tilewright.random import Generator


def network(*widths, activation=nn.Tanh, dtype="float64", seed=0):
    """A dense network with weights from a generator."""
    layers = []
    for i, (n, m) in enumerate(itertools.pairwise(widths)):
        layers += [nn.Linear(n, m), activation()][: 2 if i < len(widths) - 2 else 1]
    net = nn.Sequential(*layers).astype(dtype)
    draws = Generator(seed)
    for p in net.parameters():
        nn.init.normal_(p, std=0.7, generator=draws)
    return net


def data(n, *features, seed=1):
    return Generator(seed).normal(size=(n, *features), dtype="float64")


def mean_square(net, x):
    return lambda: (net(x) ** 2).mean()


def full_hessian(net, x):
    """By `autograd.hessian`, over all parameters laid out flat."""
    shapes = [p.shape for p in net.parameters()]

    def loss(flat):
        parts, start = [], 0
        for shape in shapes:
            size = math.prod(shape)
            parts.append(flat[start : start + size].reshape(shape))
            start += size
        y = x
        for i in range(0, len(parts), 2):
            y = nn.functional.linear(tw.tanh(y) if i else y, parts[i], parts[i + 1])
        return (y**2).mean()

    return tw.autograd.hessian(loss)(nn.utils.parameters_to_vector(net.parameters()).detach()).numpy()


# ---- the Hessian -----------------------------------------------------------------------------------------------------


def test_products_and_spectrum_are_those_of_the_full_hessian():
    net, x = network(3, 4, 2), data(7, 3)
    matrix = full_hessian(net, x)
    product = diagnose.hessian_product(mean_square(net, x), net)
    v = Generator(5).normal(size=26, dtype="float64")
    np.testing.assert_allclose(product(v).numpy(), matrix @ v.numpy(), rtol=1e-9, atol=1e-11)
    spectrum = diagnose.hessian_spectrum(mean_square(net, x), net, generator=Generator(2))
    want = np.linalg.eigvalsh(matrix)
    assert spectrum.complete and spectrum.size == 26
    np.testing.assert_allclose(spectrum.eigenvalues.numpy(), want, rtol=1e-8, atol=1e-10)
    assert spectrum.largest == pytest.approx(want[-1]) and spectrum.smallest == pytest.approx(want[0])
    assert spectrum.negative == (want < 0).sum() > 0
    assert spectrum.condition == pytest.approx(abs(want).max() / abs(want).min(), rel=1e-5)
    assert spectrum.weights.sum().item() == pytest.approx(1.0)
    assert spectrum.errors.tolist() == [0.0] * 26
    assert all(p.grad is None for p in net.parameters())


def test_few_steps_give_the_outer_eigenvalues_and_honest_errors():
    net, x = network(4, 6, 1, dtype="float64"), data(20, 4)
    want = np.linalg.eigvalsh(full_hessian(net, x))
    spectrum = diagnose.hessian_spectrum(mean_square(net, x), net, steps=15, generator=Generator(0))
    assert not spectrum.complete and spectrum.eigenvalues.size == 15
    assert spectrum.largest == pytest.approx(want[-1], rel=1e-6)
    for value, error in zip(spectrum.eigenvalues.tolist(), spectrum.errors.tolist(), strict=True):
        assert abs(want - value).min() <= error + 1e-9
    assert spectrum.negative <= (want < -1e-12).sum()


def test_multiple_and_zero_eigenvalues_are_all_found():
    p = tw.ones(6, dtype="float64").requires_grad_()
    b = tw.asarray([3.0, 3.0, 3.0, 0.0, 0.0, -1.0], dtype="float64")
    spectrum = diagnose.hessian_spectrum(lambda: 0.5 * (b * p * p).sum(), {"p": p}, generator=Generator(0))
    np.testing.assert_allclose(spectrum.eigenvalues.numpy(), [-1, 0, 0, 3, 3, 3], atol=1e-12)
    linear = diagnose.hessian_spectrum(lambda: (b * p).sum(), {"p": p})
    assert linear.eigenvalues.tolist() == [0.0] * 6 and linear.condition == math.inf


def test_float32_and_parameters_that_the_loss_does_not_depend_on():
    p, q = tw.ones(3).requires_grad_(), tw.ones(2).requires_grad_()
    spectrum = diagnose.hessian_spectrum(lambda: (p**3).sum(), {"p": p, "q": q}, generator=Generator(1))
    np.testing.assert_allclose(spectrum.eigenvalues.numpy(), [0, 0, 6, 6, 6], atol=1e-5)


def test_density_of_the_spectrum():
    p = tw.ones(200, dtype="float64").requires_grad_()
    b = tw.concatenate([tw.ones(150, dtype="float64"), tw.full(50, 5.0, dtype="float64")])
    points, density = diagnose.spectral_density(
        lambda: 0.5 * (b * p * p).sum(), {"p": p}, points=400, width=0.2, probes=8, generator=Generator(0)
    )
    assert tw.trapezoid(density, points).item() == pytest.approx(1.0, abs=1e-3)
    near_one = tw.trapezoid(tw.where(points < 3, density, 0.0), points).item()
    assert near_one == pytest.approx(0.75, abs=0.05)


@pytest.mark.parametrize(
    ("curvatures", "kind", "index"),
    [
        ((1.0, 2.0), "minimum", 0),
        ((-1.0, -2.0), "maximum", 2),
        ((1.0, -2.0), "saddle", 1),
        ((1.0, 0.0), "degenerate", 0),
    ],
)
def test_kinds_of_critical_points(curvatures, kind, index):
    p = tw.zeros(2, dtype="float64").requires_grad_()
    b = tw.asarray(curvatures, dtype="float64")
    point = diagnose.critical_point(lambda: (b * p * p).sum(), {"p": p})
    assert (point.kind, point.negative, point.gradient_norm) == (kind, index, 0.0)
    assert point.spectrum.negative == index
    with tw.no_grad():
        p.fill_(1.0)
    point = diagnose.critical_point(lambda: (b * p * p).sum(), {"p": p})
    assert point.kind == "none" and point.gradient_norm == pytest.approx(2 * math.hypot(*curvatures))


def test_the_saddle_of_a_linear_network():
    """Two linear layers at zero: a critical point that is no minimum (Baldi and Hornik, 1989)."""
    net = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 1, bias=False)).double()
    for p in net.parameters():
        nn.init.zeros_(p)
    x = data(10, 2)
    point = diagnose.critical_point(lambda: ((net(x) - x[:, :1]) ** 2).mean(), net)
    assert point.kind == "saddle" and point.negative == point.spectrum.negative == 2


def test_errors_of_curvature():
    p = tw.ones(2).requires_grad_()
    with pytest.raises(ValueError, match=r"hessian_product: v has shape \(3,\), but needs \(2,\)"):
        diagnose.hessian_product(lambda: (p * p).sum(), {"p": p})([1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match=r"hessian_spectrum: loss returned a float32 tensor of shape \(2,\)"):
        diagnose.hessian_spectrum(lambda: p, {"p": p})
    with pytest.raises(ValueError, match="hessian_spectrum: steps is 0, but must be at least 1"):
        diagnose.hessian_spectrum(lambda: (p * p).sum(), {"p": p}, steps=0)
    with pytest.raises(FloatingPointError, match="a product with the Hessian has NaN or inf"):
        diagnose.hessian_spectrum(lambda: (p * p).sum() * math.inf, {"p": p})
    with pytest.raises(ValueError, match=r"spectral_density: width is 0\.0, but must be positive"):
        diagnose.spectral_density(lambda: (p * p).sum(), {"p": p}, width=0.0)
    with pytest.raises(ValueError, match=r"critical_point: zero is -1\.0, but must be at least 0"):
        diagnose.critical_point(lambda: (p * p).sum(), {"p": p}, zero=-1.0)


# ---- rates -----------------------------------------------------------------------------------------------------------


def test_rates_of_descent_are_those_of_the_theory():
    curvatures = [0.05, 0.5, 1.0, 3.0, 10.0, 12.0]
    table = diagnose.convergence_rates(curvatures, lr=0.18)
    for row, b in zip(table.rows, curvatures, strict=True):
        assert row.predicted == abs(1 - 0.18 * b)
        assert row.measured == pytest.approx(row.predicted, rel=1e-9)
    assert table.rows[-1].measured > 1
    at_once = diagnose.convergence_rates([4.0], lr=0.25)
    assert at_once.rows[0].measured == at_once.rows[0].predicted == 0.0


def test_rates_with_momentum():
    """Complex roots: the square root of the momentum; real ones: the larger."""
    rows = diagnose.convergence_rates([0.01, 1.0, 5.0], lr=0.1, momentum=0.81, steps=400).rows
    assert rows[1].predicted == pytest.approx(0.9) and rows[2].predicted == pytest.approx(0.9)
    for row in rows:
        assert row.measured == pytest.approx(row.predicted, rel=5e-3)


def test_the_best_rate_belongs_to_the_condition_number():
    low, high = 1.0, 9.0
    rows = diagnose.convergence_rates([low, 4.0, high], lr=2 / (low + high)).rows
    assert max(row.measured for row in rows) == pytest.approx((high / low - 1) / (high / low + 1))


def test_errors_of_rates():
    for wrong, message in (
        ({"curvatures": [1.0, -1.0]}, "curvatures are"),
        ({"curvatures": 1.0}, r"curvatures has shape \(\)"),
        ({"lr": 0.0}, "lr is 0.0"),
        ({"momentum": 1.0}, "momentum is 1.0"),
        ({"steps": 9}, "steps is 9"),
    ):
        with pytest.raises(ValueError, match=f"convergence_rates: {message}"):
            diagnose.convergence_rates(**{"curvatures": [1.0], "lr": 0.1} | wrong)


# ---- the tangent kernel ----------------------------------------------------------------------------------------------


def jacobian_of(net, x):
    rows = []
    y = net(x)
    for i in range(y.size):
        g = np.zeros(y.size)
        g[i] = 1
        found = tw.autograd.gradients(y, list(net.parameters()), g.reshape(y.shape), retain_graph=True)
        rows.append(np.concatenate([v.numpy().ravel() for v in found]))
    return np.stack(rows)


def test_kernel_is_the_product_of_the_jacobians():
    net, x, z = network(3, 5, 2), data(4, 3), data(3, 3, seed=9)
    kernel = diagnose.neural_tangent_kernel(net, x, z)
    assert kernel.shape == (4, 2, 3, 2)
    np.testing.assert_allclose(kernel.numpy().reshape(8, 6), jacobian_of(net, x) @ jacobian_of(net, z).T, rtol=1e-10)
    square = diagnose.neural_tangent_kernel(net, x).reshape((8, 8)).numpy()
    np.testing.assert_allclose(square, square.T, rtol=1e-12)
    assert np.linalg.eigvalsh(square).min() > -1e-10
    assert all(p.grad is None for p in net.parameters())


def test_kernel_of_some_parameters_and_of_a_function():
    net, x = network(3, 5, 1), data(4, 3)
    last = {"weight": net[2].weight}
    kernel = diagnose.neural_tangent_kernel(lambda x: net(x)[:, 0], x, parameters=last).reshape((4, 4)).numpy()
    hidden = np.tanh(x.numpy() @ net[0].weight.detach().numpy().T + net[0].bias.detach().numpy())
    np.testing.assert_allclose(kernel, hidden @ hidden.T, rtol=1e-10)


def test_the_kernel_of_a_wide_network_moves_less():
    """In the parametrization of Jacot et al.: weights of unit variance, a factor 1/sqrt(width) behind them."""

    def change(width):
        net, x = network(2, width, 1, seed=3), data(6, 2)
        y = x[:, :1]

        def model(x):
            hidden = tw.tanh(nn.functional.linear(x, net[0].weight))
            return nn.functional.linear(hidden, net[2].weight) / math.sqrt(width)

        before = diagnose.neural_tangent_kernel(model, x, parameters=net)
        optimizer = tw.optim.SGD(net.parameters(), 0.5)
        for _ in range(30):
            optimizer.zero_grad()
            ((model(x) - y) ** 2).mean().backward()
            optimizer.step()
        return diagnose.kernel_change(before, diagnose.neural_tangent_kernel(model, x, parameters=net))

    narrow, wide = change(8), change(512)
    assert 0 < wide < narrow / 4


def test_errors_of_kernels():
    with pytest.raises(TypeError, match="neural_tangent_kernel: model is a function; give its parameters"):
        diagnose.neural_tangent_kernel(lambda x: x, [[1.0]])
    with pytest.raises(ValueError, match="what the model returned depends on no parameters"):
        diagnose.neural_tangent_kernel(lambda x: x, [[1.0]], parameters=nn.Linear(1, 1))
    with pytest.raises(ValueError, match="the model returned 3, but must return a floating tensor"):
        diagnose.neural_tangent_kernel(lambda x: 3, [[1.0]], parameters=nn.Linear(1, 1))
    with pytest.raises(ValueError, match=r"kernel_change: before has shape \(2, 2\), but after \(3, 3\)"):
        diagnose.kernel_change(tw.eye(2), tw.eye(3))
    with pytest.raises(ValueError, match="kernel_change: before is zero"):
        diagnose.kernel_change(tw.zeros((2, 2)), tw.eye(2))


# ---- the loss around the parameters ----------------------------------------------------------------------------------


def test_directions_have_the_norms_of_the_filters():
    net = nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 4))
    direction = diagnose.random_direction(net, generator=Generator(0))
    for name, p in net.named_parameters():
        d, w = direction[name].numpy(), p.detach().numpy()
        if w.ndim == 1:
            assert not d.any()
        else:
            rows = d.reshape(len(d), -1), w.reshape(len(w), -1)
            np.testing.assert_allclose(np.linalg.norm(rows[0], axis=1), np.linalg.norm(rows[1], axis=1), rtol=1e-5)
    layer = diagnose.random_direction(net, normalize="layer", generator=Generator(0))
    for name, p in net.named_parameters():
        assert np.linalg.norm(layer[name].numpy()) == pytest.approx(np.linalg.norm(p.detach().numpy()), rel=1e-5)
    plain = diagnose.random_direction(net, normalize="none", generator=Generator(0))
    assert np.linalg.norm(plain["3.weight"].numpy()) == pytest.approx(math.sqrt(48), rel=0.4)
    with pytest.raises(
        ValueError, match='random_direction: normalize is \'all\', but must be "filter", "layer" or "none"'
    ):
        diagnose.random_direction(net, normalize="all")


def test_surfaces_of_a_quadratic_are_exact():
    w = tw.asarray([1.0, -1.0], dtype="float64").requires_grad_()
    axes = {"w": [1.0, 0.0]}, {"w": [0.0, 1.0]}
    surface = diagnose.loss_surface(
        lambda: w[0] ** 2 + 3 * w[1] ** 2, {"w": w}, 5, [-1.0, 1.0], directions=axes, extent=2.0
    )
    assert surface.x.tolist() == [-2.0, -1.0, 0.0, 1.0, 2.0] and surface.y.tolist() == [-1.0, 1.0]
    want = (1 + surface.x.numpy()) ** 2 + 3 * (surface.y.numpy()[:, None] - 1) ** 2
    np.testing.assert_allclose(surface.loss.numpy(), want, rtol=1e-12)
    assert w.tolist() == [1.0, -1.0]
    line = diagnose.loss_line(lambda: (w * w).sum(), {"w": w}, 1, generator=Generator(0))
    assert (line.at.tolist(), line.loss.tolist()) == ([0.0], [2.0])


def test_parameters_and_buffers_come_back_also_after_an_error():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Linear(4, 1))
    x = data(8, 3).astype("float32")
    before = {name: v.tolist() for name, v in net.state_dict().items()}
    diagnose.loss_surface(mean_square(net, x), net, 3, 3, generator=Generator(0))
    assert {name: v.tolist() for name, v in net.state_dict().items()} == before
    calls = []

    def failing():
        calls.append(1)
        if len(calls) == 3:
            raise RuntimeError("enough")
        return net(x).sum()

    for look in (diagnose.loss_surface, diagnose.loss_line):
        calls.clear()
        with pytest.raises(RuntimeError, match="enough"):
            look(failing, net)
        assert {name: v.tolist() for name, v in net.state_dict().items()} == before
    net[0].weight.requires_grad = True
    net(x).sum().backward()  # what was written stands on no tape


def test_errors_of_surfaces():
    w = tw.ones(2).requires_grad_()
    loss = lambda: (w * w).sum()  # noqa: E731
    with pytest.raises(ValueError, match=r"loss_line: a direction has 'v'; there are \['w'\]"):
        diagnose.loss_line(loss, {"w": w}, direction={"v": [1.0, 2.0]})
    with pytest.raises(ValueError, match=r"loss_line: direction\['w'\] has shape \(3,\), but must have \(2,\)"):
        diagnose.loss_line(loss, {"w": w}, direction={"w": [1.0, 2.0, 3.0]})
    with pytest.raises(ValueError, match="loss_surface: directions has 1 entries, but must be a pair"):
        diagnose.loss_surface(loss, {"w": w}, directions=[{"w": [1.0, 2.0]}])
    with pytest.raises(ValueError, match=r"loss_line: extent is 0\.0, but must be positive"):
        diagnose.loss_line(loss, {"w": w}, extent=0.0)
    with pytest.raises(ValueError, match=r"loss_line: at has shape \(1, 1\), but must be a number of places"):
        diagnose.loss_line(loss, {"w": w}, [[1.0]])


# ---- weights whose size does not matter ------------------------------------------------------------------------------


def test_weights_before_batch_norm_are_invariant_and_others_are_not():
    net = nn.Sequential(nn.Linear(4, 6), nn.BatchNorm1d(6, eps=1e-12), nn.ReLU(), nn.Linear(6, 1)).double()
    x = data(32, 4)
    nn.init.normal_(net[0].bias, generator=Generator(0))
    before = {name: v.tolist() for name, v in net.state_dict().items()}
    table = diagnose.scale_invariance(mean_square(net, x), net, factor=3.0)
    rows = {row.name: row for row in table.rows}
    assert [name for name, row in rows.items() if row.invariant] == ["0.weight", "0.bias"]
    assert rows["0.weight"].loss_change < 1e-9 and rows["0.weight"].radial < 1e-6
    assert rows["0.weight"].gradient_scale == pytest.approx(1.0, rel=1e-6)
    assert rows["3.weight"].loss_change > 0.1
    assert {name: v.tolist() for name, v in net.state_dict().items()} == before
    net.eval()
    assert not any(row.invariant for row in diagnose.scale_invariance(mean_square(net, x), net).rows)


def test_effective_learning_rate_of_a_scale_invariant_weight():
    """A step on c w with the rate c² lr gives c times the step on w."""
    direction = tw.asarray([1.0, 2.0, -1.0], dtype="float64")

    def step(w, lr):
        w = tw.asarray(w, dtype="float64").requires_grad_()
        (w @ direction / tw.linalg.norm(w)).backward()
        return w.detach() - lr * w.grad

    w = tw.asarray([1.0, 0.5, 2.0], dtype="float64")
    np.testing.assert_allclose(step(3.0 * w, 0.9).numpy(), 3.0 * step(w, 0.1).numpy(), rtol=1e-12)
    rates = [diagnose.effective_learning_rate(lr, v) for lr, v in ((0.9, 3.0 * w), (0.1, w))]
    assert rates[0] == pytest.approx(rates[1]) == pytest.approx(0.1 / 5.25)
    with pytest.raises(ValueError, match="effective_learning_rate: weight is zero"):
        diagnose.effective_learning_rate(0.1, [0.0])
    with pytest.raises(ValueError, match=r"scale_invariance: factor is 1\.0, but must be positive and not 1"):
        diagnose.scale_invariance(lambda: 1.0, nn.Linear(1, 1), factor=1.0)
