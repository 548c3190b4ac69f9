"""Running statistics of batch and instance norm, and batch norm folded into weights."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn
from tilewright.nn import functional as F
from tilewright.nn.utils import fuse_conv_bn_weights, fuse_linear_bn_weights


def close(x, want, tolerance=1e-6):
    np.testing.assert_allclose(
        np.asarray(tw.asarray(x).detach().astype("float64")), want, rtol=tolerance, atol=tolerance
    )


def normal(*shape, dtype="float32"):
    return tw.asarray(np.random.default_rng(0).standard_normal(shape), dtype=dtype)


LAYERS = {2: nn.BatchNorm1d, 3: nn.BatchNorm1d, 4: nn.BatchNorm2d, 5: nn.BatchNorm3d}


def test_biased_to_normalise_and_unbiased_to_remember():
    """C8."""
    layer = nn.BatchNorm1d(1)
    close(layer(tw.asarray([[1.0], [3.0]])), np.array([[-1.0], [1.0]]) / np.sqrt(1 + 1e-5))
    close(layer.running_mean, [0.2])
    close(layer.running_var, [1.1])
    assert layer.num_batches_tracked.item() == 1 and layer.num_batches_tracked.dtype == tw.int64
    with pytest.raises(ValueError, match=r"batch_norm: input has shape \(1, 1\), one value for each channel"):
        layer(tw.asarray([[7.0]]))
    close(layer.running_mean, [0.2])
    close(layer.running_var, [1.1])
    assert layer.num_batches_tracked.item() == 1
    close(layer.eval()(tw.asarray([[7.0]])), [[6.8 / np.sqrt(1.1 + 1e-5)]])


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16", "bfloat16"])
@pytest.mark.parametrize("places", [(), (4,), (2, 3), (2, 1, 3)])
def test_statistics_of_any_shape(places, dtype):
    layer = LAYERS[2 + len(places)](3).astype(dtype)
    x = normal(5, 3, *places, dtype=dtype)
    eps = {"float32": 1e-6, "float64": 1e-12, "float16": 2e-3, "bfloat16": 2e-2}[dtype]
    for _ in range(2):
        y = layer(x)
        assert y.dtype.name == dtype
    wide = np.moveaxis(np.asarray(x.astype("float64")), 1, 0).reshape(3, -1)
    close(layer.running_mean, wide.mean(1) * 0.19, eps)
    close(layer.running_var, 0.81 + wide.var(1, ddof=1) * 0.19, eps)


@pytest.mark.parametrize("places", [(), (1,), (1, 1)])
def test_one_value_for_each_channel_is_refused(places):
    for layer in (LAYERS[2 + len(places)](3), LAYERS[2 + len(places)](3, track_running_stats=False)):
        with pytest.raises(ValueError, match="one value for each channel"):
            layer(tw.ones((1, 3, *places)))
        layer(tw.ones((2, 3, *places)))
        layer.eval()
    assert LAYERS[2 + len(places)](3).eval()(tw.ones((1, 3, *places))).shape == (1, 3, *places)


def test_one_sample_with_several_places_is_fine():
    layer = nn.BatchNorm1d(2)
    layer(tw.asarray([[[1.0, 3.0], [0.0, 0.0]]]))
    close(layer.running_mean, [0.2, 0])
    close(layer.running_var, [1.1, 0.9])


@pytest.mark.parametrize("shape", [(0, 5), (0, 5, 9), (4, 5, 0), (0, 5, 2, 2), (3, 5, 0, 2), (0, 5, 1, 2, 3)])
def test_a_batch_of_nothing_moves_nothing(shape):
    """C7: and its gradients are zeros."""
    layer = LAYERS[len(shape)](5)
    x = tw.zeros(shape).requires_grad_()
    y = layer(x)
    assert y.shape == shape
    y.sum().backward()
    assert x.grad.shape == shape
    assert not layer.weight.grad.numpy().any() and not layer.bias.grad.numpy().any()
    close(layer.running_mean, np.zeros(5))
    close(layer.running_var, np.ones(5))
    assert layer.num_batches_tracked.item() == 0
    assert layer.eval()(x).shape == shape


@pytest.mark.parametrize("make", [lambda: nn.BatchNorm1d(2, momentum=None),
                                  lambda: nn.InstanceNorm1d(2, momentum=None, track_running_stats=True)])  # fmt: skip
def test_without_momentum_all_batches_count_alike(make):
    layer = make()
    batches = [tw.asarray(np.random.default_rng(i).standard_normal((1, 2, 7)), dtype="float32") for i in range(4)]
    for batch in batches:
        layer(batch)
    close(layer.running_mean, np.mean([b.numpy().mean((0, 2)) for b in batches], axis=0))
    close(layer.running_var, np.mean([b.numpy().var((0, 2), ddof=1) for b in batches], axis=0))
    assert layer.num_batches_tracked.item() == 4


def test_instances_move_by_the_mean_of_theirs():
    layer = nn.InstanceNorm2d(2, track_running_stats=True)
    x = normal(3, 2, 4, 5)
    layer(x)
    wide = x.numpy().astype(float).reshape(3, 2, 20)
    close(layer.running_mean, 0.1 * wide.mean(2).mean(0))
    close(layer.running_var, 0.9 + 0.1 * wide.var(2, ddof=1).mean(0))
    with pytest.raises(ValueError, match="one value for each channel of an instance"):
        layer(tw.ones((3, 2, 1, 1)))
    assert layer.num_batches_tracked.item() == 1
    assert layer.eval()(x[0]).shape == (2, 4, 5)


@pytest.mark.parametrize("instances", [False, True])
def test_the_whole_of_pytorchs_functions(instances):
    torch = pytest.importorskip("torch")
    x = normal(4, 3, 5)
    for momentum in (0.0, 0.3, 1.0):
        mean, var = normal(3), normal(3) ** 2 + 0.5
        theirs = [torch.tensor(a.numpy().copy()) for a in (x, mean, var)]
        if instances:
            F.instance_norm(x, mean, var, momentum=momentum)
            torch.nn.functional.instance_norm(*theirs, momentum=momentum)
        else:
            F.batch_norm(x, mean, var, training=True, momentum=momentum)
            torch.nn.functional.batch_norm(*theirs, training=True, momentum=momentum)
        close(mean, theirs[1].numpy())
        close(var, theirs[2].numpy())


REFUSED = {
    "the input's shape": {"input": tw.ones(3)},
    "a weight": {"weight": tw.ones(4)},
    "a bias": {"bias": tw.ones((3, 1))},
    "a mean": {"running_mean": tw.zeros(4)},
    "a variance": {"running_var": tw.ones((3, 1))},
    "integers": {"running_mean": tw.zeros(3, dtype="int32")},
    "a leaf": {"running_mean": tw.zeros(3).requires_grad_()},
    "eps": {"eps": -1.0},
    "momentum": {"momentum": -0.5},
    "complex": {"input": tw.ones((2, 3), dtype="complex64")},
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("function", [F.batch_norm, F.instance_norm])
def test_what_is_refused_moves_nothing(function, name):
    good = {"input": tw.ones((2, 3, 2)), "running_mean": tw.zeros(3), "running_var": tw.ones(3)}
    arguments = good | REFUSED[name]
    more = {"training": True} if function is F.batch_norm else {}
    before = {k: np.array(arguments[k].detach()) for k in ("running_mean", "running_var")}
    with pytest.raises((ValueError, TypeError, RuntimeError), match=function.__name__):
        function(**arguments, **more)
    for k, value in before.items():
        np.testing.assert_array_equal(arguments[k].detach().numpy(), value)


def test_strided_and_shared_statistics():
    mean, var = tw.zeros(6), tw.ones((3, 2))
    F.batch_norm(tw.asarray([[1.0, 2.0, 3.0], [3.0, 4.0, 5.0]]), mean[::-2], var[:, 1], training=True)
    close(mean, [0, 0.4, 0, 0.3, 0, 0.2])
    close(var, [[1, 1.1]] * 3)
    same = tw.ones(3)
    with pytest.raises(ValueError, match=r"batch_norm: running_mean of shape .* shares memory with running_var"):
        F.batch_norm(tw.ones((2, 3)), same, same, training=True)


def test_a_checkpoint_moves_them_once():
    layer, twin = nn.BatchNorm1d(3, momentum=None), nn.BatchNorm1d(3, momentum=None)
    x = normal(5, 3).requires_grad_()
    tw.autograd.checkpoint(lambda x: layer(x) ** 2, x).sum().backward()
    mine = x.grad
    x.grad = None
    (twin(x) ** 2).sum().backward()
    np.testing.assert_array_equal(mine.numpy(), x.grad.numpy())
    for name, value in layer.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), twin.state_dict()[name].numpy())


def test_second_derivatives_through_a_layer_in_training():
    layer = nn.BatchNorm1d(3).double()
    x = normal(5, 3, dtype="float64").requires_grad_()
    tw.testing.check_grads(lambda x: layer(x), x.detach(), order=2)
    (g,) = tw.autograd.gradients((layer(x) ** 3).sum(), [x], create_graph=True)
    (g * g).sum().backward()
    assert np.abs(layer.weight.grad.numpy()).min() > 0


def test_statistics_that_are_given_are_differentiated():
    mean, var = normal(3).requires_grad_(), (normal(3) ** 2 + 1).detach().requires_grad_()
    x = normal(4, 3)
    F.batch_norm(x, mean, var).sum().backward()
    close(mean.grad, -4 / np.sqrt(np.asarray(var.detach()) + 1e-5))
    close(var.grad, ((np.asarray(mean.detach()) - x.numpy()) / 2 / (np.asarray(var.detach()) + 1e-5) ** 1.5).sum(0))


@pytest.mark.parametrize("create_graph", [False, True])
def test_training_may_move_them_before_evaluation_is_differentiated(create_graph):
    layer, twin = nn.BatchNorm1d(3), nn.BatchNorm1d(3)
    gradients = []
    for module, moves in ((layer, True), (twin, False)):
        x = normal(5, 3).requires_grad_()
        y = (module.eval()(x) ** 3).sum()
        if moves:
            module.train()(normal(4, 3) + 5)
        (g,) = tw.autograd.gradients(y, [x], create_graph=create_graph)
        gradients.append(tw.autograd.gradients((g**2).sum(), [x])[0] if create_graph else g)
    close(gradients[0], gradients[1].numpy())


def test_reset():
    layer = nn.BatchNorm2d(2)
    layer(normal(3, 2, 4, 4))
    with tw.no_grad():
        layer.weight.fill_(3.0)
    layer.reset_running_stats()
    close(layer.running_mean, [0, 0])
    close(layer.running_var, [1, 1])
    assert layer.num_batches_tracked.item() == 0 and layer.weight.tolist() == [3, 3]
    layer.reset_parameters()
    assert layer.weight.tolist() == [1, 1]


def test_copies_count_for_themselves():
    layer = nn.BatchNorm1d(2)
    twin = copy.deepcopy(layer)
    layer(normal(3, 2))
    assert (layer.num_batches_tracked.item(), twin.num_batches_tracked.item()) == (1, 0)


# ---- folded into weights ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("affine", [True, False])
@pytest.mark.parametrize("bias", [True, False])
def test_a_linear_layer_with_batch_norm_folded_in(bias, affine):
    linear, norm = nn.Linear(5, 3, bias=bias), nn.BatchNorm1d(3, affine=affine)
    for i in range(3):
        norm(linear(normal(6, 5) + i))
    weight, shift = fuse_linear_bn_weights(
        linear.weight, linear.bias, norm.running_mean, norm.running_var, norm.eps, norm.weight, norm.bias
    )
    assert isinstance(weight, nn.Parameter) and isinstance(shift, nn.Parameter)
    x = normal(4, 5)
    close(F.linear(x, weight, shift), norm.eval()(linear(x)).detach().numpy(), 1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64", "bfloat16"])
@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("taps", [(), (3,), (3, 2)])
def test_channels_are_scaled_where_they_lie(taps, transpose, dtype):
    shape = (2, 4, *taps) if transpose else (4, 2, *taps)
    rng = np.random.default_rng(0)
    w, (b, mean, gain, shift) = rng.standard_normal(shape), rng.standard_normal((4, 4))
    var = rng.uniform(0.5, 2, 4)
    weight, bias = fuse_conv_bn_weights(
        tw.asarray(w, dtype=dtype), tw.asarray(b, dtype=dtype), mean, var, 1e-3, gain, shift, transpose=transpose
    )
    assert weight.dtype.name == bias.dtype.name == dtype
    f = gain / np.sqrt(var + 1e-3)
    eps = {"float32": 1e-6, "float64": 1e-14, "bfloat16": 2e-2}[dtype]
    close(weight, w * f.reshape(((1, 4) if transpose else (4,)) + (1,) * (len(taps) + (not transpose))), eps)
    close(bias, (b - mean) * f + shift, 2 * eps)


def test_what_cannot_be_folded():
    ones = tw.ones(3)
    with pytest.raises(ValueError, match=r"fuse_linear_bn_weights: bn_rm has shape \(2,\), but \(3,\) is needed"):
        fuse_linear_bn_weights(tw.ones((3, 2)), None, tw.ones(2), ones, 1e-5, None, None)
    with pytest.raises(TypeError, match="fuse_linear_bn_weights: bn_rv is None"):
        fuse_linear_bn_weights(tw.ones((3, 2)), None, ones, None, 1e-5, None, None)
    with pytest.raises(TypeError, match="fuse_conv_bn_weights: conv_w is int64, but must be floating"):
        fuse_conv_bn_weights(tw.ones((3, 2), dtype="int64"), None, ones, ones, 1e-5, None, None)
    with pytest.raises(ValueError, match="needs an axis 1 of channels"):
        fuse_conv_bn_weights(ones, None, ones, ones, 1e-5, None, None, transpose=True)
