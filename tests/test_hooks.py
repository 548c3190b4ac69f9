"""Hooks of modules: around `forward`, and with the gradients of a module's inputs and results."""

from __future__ import annotations

import copy
import weakref

import numpy as np
import pytest

import tilewright as tw
from tilewright import nn


def array(*shape, seed=0, dtype=np.float64):
    return np.random.default_rng(seed).uniform(-2, 2, shape).astype(dtype)


def leaf(*shape, seed=0):
    return tw.asarray(array(*shape, seed=seed), requires_grad=True)


def notes(error):
    return getattr(error.value, "__notes__", [])


class Scaled(nn.Module):
    """Takes a tensor and a factor by name, gives one result."""

    def forward(self, input, *, factor=1.0):
        return input * factor


class Pair(nn.Module):
    """Two inputs, two results and something else."""

    def forward(self, a, b):
        return a * b, a * a, "text"


# ---- around forward --------------------------------------------------------------------------------------------------


def test_pre_hooks_see_and_replace_keyword_arguments():
    module = Scaled()
    seen = []
    module.register_forward_pre_hook(lambda m, args: (args[0] + 1,))
    module.register_forward_pre_hook(
        lambda m, args, kwargs: seen.append((args[0].tolist(), dict(kwargs))), with_kwargs=True
    )
    module.register_forward_pre_hook(lambda m, args, kwargs: (args, {"factor": 10.0}), with_kwargs=True)
    assert module(tw.ones(2), factor=3.0).tolist() == [20.0, 20.0]
    assert seen == [([2.0, 2.0], {"factor": 3.0})]


def test_forward_hooks_see_keyword_arguments_and_what_pre_hooks_made():
    module = Scaled()
    seen = []
    module.register_forward_pre_hook(lambda m, args, kwargs: (args[0] * 2, kwargs), with_kwargs=True)
    module.register_forward_hook(
        lambda m, args, kwargs, y: seen.append((args[0].item(), kwargs["factor"], y.item())), with_kwargs=True
    )
    assert module(tw.asarray(1.0), factor=3.0).item() == 6.0
    assert seen == [(2.0, 3.0, 6.0)]


@pytest.mark.parametrize(
    "register",
    [
        lambda m, f, p: m.register_forward_pre_hook(f, prepend=p),
        lambda m, f, p: m.register_forward_hook(f, prepend=p),
        lambda m, f, p: m.register_full_backward_pre_hook(f, prepend=p),
        lambda m, f, p: m.register_full_backward_hook(f, prepend=p),
    ],
)
def test_hooks_run_in_order_and_those_that_are_prepended_first(register):
    module, order = nn.Linear(3, 2), []
    for name, prepend in (("b", False), ("c", False), ("a", True)):
        register(module, lambda *_, name=name: order.append(name), prepend)
    module(tw.ones((1, 3), requires_grad=True)).sum().backward()
    assert order == ["a", "b", "c"]


def test_a_handle_is_removed_by_name_by_call_and_by_with():
    module, calls = nn.ReLU(), []
    handles = [module.register_forward_hook(lambda m, args, y, i=i: calls.append(i)) for i in range(3)]
    with handles[0] as entered:
        assert entered is handles[0]
        module(tw.ones(1))
    handles[1].remove()
    module(tw.ones(1))
    handles[2]()
    assert calls == [0, 1, 2, 2] and module._hooks is None
    for handle in handles:
        handle.remove()
    module(tw.ones(1))
    assert calls == [0, 1, 2, 2]


def test_a_handle_does_not_touch_the_hooks_of_a_copy():
    module, calls = nn.ReLU(), []
    handle = module.register_forward_hook(lambda m, args, y: calls.append(m))
    twin = copy.deepcopy(module)
    handle.remove()
    module(tw.ones(1))
    twin(tw.ones(1))
    assert calls == [twin]


def test_a_hook_may_remove_itself():
    module, calls = nn.ReLU(), []

    def once(m, args, y):
        calls.append(1)
        handle.remove()

    handle = module.register_forward_hook(once)
    module.register_forward_hook(lambda m, args, y: calls.append(2))
    module(tw.ones(1))
    module(tw.ones(1))
    assert calls == [1, 2, 2]


def test_hooks_that_are_always_called():
    module, calls = nn.Linear(3, 2), []
    module.register_forward_hook(lambda m, args, y: calls.append("not called"))
    module.register_forward_hook(lambda m, args, y: calls.append(y), always_call=True)

    def fails(m, args, y):
        raise KeyError("second")

    module.register_forward_hook(fails, always_call=True)
    with pytest.raises(ValueError, match="linear") as caught:
        module(tw.ones((1, 4)))
    assert calls == [None]
    assert "a forward hook that is always called raised as well: KeyError('second')" in notes(caught)
    assert any(note.startswith("in layer Linear: ") for note in notes(caught))


def test_a_hook_that_is_always_called_gets_the_result_there_is_once():
    module, calls = nn.ReLU(), []

    def fails(m, args, y):
        raise KeyError("first")

    module.register_forward_hook(lambda m, args, y: calls.append(("before", y.item())), always_call=True)
    module.register_forward_hook(fails)
    module.register_forward_hook(lambda m, args, y: calls.append(("after", y.item())), always_call=True)
    with pytest.raises(KeyError, match="first"):
        module(tw.asarray(2.0))
    assert calls == [("before", 2.0), ("after", 2.0)]


def test_errors_of_forward_hooks_name_the_layer():
    net = nn.Sequential(nn.ReLU(), nn.Sequential(nn.Tanh()))

    def fails(*_):
        raise KeyError("in a hook")

    for register in (net[1][0].register_forward_hook, net[1][0].register_forward_pre_hook):
        with register(fails), pytest.raises(KeyError) as caught:
            net(tw.ones(1))
        assert notes(caught) == ["in layer Sequential.1.0: Tanh()"]
    with (
        net[0].register_forward_pre_hook(lambda m, args, kwargs: args, with_kwargs=True),
        pytest.raises(TypeError, match=r"register_forward_pre_hook: what the hook returned is a tuple, but must be"),
    ):
        net(tw.ones(1))


# ---- backward --------------------------------------------------------------------------------------------------------


def test_backward_hooks_see_gradients_of_all_inputs_and_results():
    module, seen = Pair(), []
    module.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((m, grad_input, grad_output)))
    a, b = leaf(3), leaf(3, seed=1)
    first, second, _ = module(a, b)
    (first * 2 + second * 3).sum().backward()
    [(called, grad_input, grad_output)] = seen
    assert called is module
    assert [g if g is None else g.tolist() for g in grad_output] == [[2.0] * 3, [3.0] * 3, None]
    np.testing.assert_allclose(grad_input[0].numpy(), a.grad.numpy())
    np.testing.assert_allclose(grad_input[1].numpy(), b.grad.numpy())
    np.testing.assert_allclose(a.grad.numpy(), 2 * array(3, seed=1) + 6 * array(3))


def test_gradients_are_none_for_what_wants_none_and_zero_for_what_is_not_used():
    module, seen = Pair(), []
    module.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    a, b = leaf(2), tw.ones(2, dtype="float64")
    module(a, b)[0].sum().backward()
    [(grad_input, grad_output)] = seen
    assert grad_input[1] is None and grad_input[0].tolist() == [1.0, 1.0]
    assert grad_output[1].tolist() == [0.0, 0.0] and grad_output[2] is None


def test_hooks_replace_gradients():
    a, b = leaf(2), leaf(2, seed=1)
    module = Pair()
    module.register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] * 10, grad_output[1], None))
    module.register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * 0, grad_input[1]))
    seen = []
    module.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    module(a, b)[0].sum().backward()
    assert a.grad.tolist() == [0.0, 0.0]
    np.testing.assert_allclose(b.grad.numpy(), 10 * array(2))
    assert seen[0][0][0].tolist() == [0.0, 0.0] and seen[0][1][0].tolist() == [10.0, 10.0]


def test_results_and_arguments_may_be_nested():
    class Nested(nn.Module):
        def forward(self, input, state):
            h, c = state
            return {"output": input * h, "state": (h * 2, c)}

    module, seen = Nested(), []
    module.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    x, h, c = leaf(2), leaf(2, seed=1), tw.ones(2, dtype="float64")
    result = module(x, (h, c))
    assert result["state"][1] is c
    (result["output"].sum() + result["state"][0].sum()).backward()
    [(grad_input, grad_output)] = seen
    assert len(grad_input) == 3 and grad_input[2] is None
    np.testing.assert_allclose(grad_input[1].numpy(), array(2) + 2)
    assert [g is None for g in grad_output] == [False, False, True]


def test_where_no_input_wants_a_gradient_hooks_see_those_of_the_results():
    layer, seen = nn.Linear(3, 2), []
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    layer(tw.ones((1, 3))).sum().backward()
    [(grad_input, grad_output)] = seen
    assert grad_input == (None,) and grad_output[0].tolist() == [[1.0, 1.0]]
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: (tw.ones((1, 3)),))
    with pytest.raises(ValueError, match="register_full_backward_hook: the hook returned gradient 0, but none is"):
        layer(tw.ones((1, 3))).sum().backward()


def test_nothing_is_hooked_where_nothing_is_recorded():
    layer, seen = nn.Linear(3, 2), []
    layer.register_full_backward_hook(lambda *_: seen.append(1))
    x = tw.ones((1, 3), requires_grad=True)
    with tw.no_grad():
        assert not layer(x).requires_grad
    layer.requires_grad_(False)
    assert not layer(tw.ones((1, 3))).requires_grad
    layer(x).sum().backward()
    assert seen == [1]


def test_numpys_arrays_stay_such():
    module, seen = Scaled(), []
    module.register_full_backward_hook(lambda m, grad_input, grad_output: seen.append((grad_input, grad_output)))
    x = tw.numpy.asarray(leaf(2))
    y = module(x)
    y.sum().backward()
    assert type(y) is tw.numpy.ndarray and type(seen[0][1][0]) is type(seen[0][0][0]) is tw.numpy.ndarray


def test_a_module_does_not_outlive_its_graph():
    module = Scaled()
    module.register_full_backward_hook(lambda *_: None)
    y = module(leaf(2))
    gone = weakref.ref(module)
    y.sum().backward()
    del module, y
    assert gone() is None


def test_gradients_are_the_same_bits_with_hooks():
    def gradients(hooked):
        net = nn.Sequential(
            nn.Linear(4, 8, generator=tw.random.Generator(1)),
            nn.Tanh(),
            nn.Linear(8, 2, generator=tw.random.Generator(2)),
        )
        if hooked:
            for module in net.modules():
                module.register_full_backward_hook(lambda *_: None)
        x = tw.asarray(array(5, 4, dtype=np.float32), requires_grad=True)
        (net(x) ** 2).sum().backward()
        return [x.grad.tolist(), *(p.grad.tolist() for p in net.parameters())]

    assert gradients(True) == gradients(False)


def test_second_derivatives_pass_through_hooks():
    module, seen = Scaled(), []

    def triple(m, grad_input, grad_output):
        seen.append(grad_output[0].requires_grad)
        return (grad_input[0] * 3,)

    module.register_full_backward_hook(triple)
    x, factor = leaf(3), tw.asarray(array(3, seed=1))
    (module(x, factor=factor) ** 2).sum().backward(create_graph=True)
    first = x.grad  # 6 factor^2 x, and on its own way back through the module it is tripled again
    np.testing.assert_allclose(first.detach().numpy(), 6 * factor.numpy() ** 2 * array(3))
    x.grad = None
    first.sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), 18 * factor.numpy() ** 2)
    assert seen == [True, False]


def test_hooks_in_a_checkpoint():
    def run(wrap):
        net = nn.Sequential(nn.Linear(3, 3, generator=tw.random.Generator(1)), nn.Tanh())
        seen = []
        net[1].register_full_backward_hook(lambda m, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
        net[0].register_full_backward_pre_hook(lambda m, go: (go[0] * 2,))
        x = tw.asarray(array(2, 3, dtype=np.float32), requires_grad=True)
        (wrap(net, x) ** 2).sum().backward()
        return seen, x.grad.tolist(), net[0].weight.grad.tolist()

    assert run(lambda net, x: net(x)) == run(tw.autograd.checkpoint)


def test_hooks_fire_again_where_the_graph_is_kept():
    layer, seen = nn.Tanh(), []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append(go[0].tolist()))
    x = leaf(2)
    y = layer(x)
    y.backward([1.0, 1.0], retain_graph=True)
    y.backward([2.0, 3.0])
    assert seen == [[1.0, 1.0], [2.0, 3.0]]


def test_gradients_of_some_inputs_only():
    module, seen = Pair(), []
    module.register_full_backward_hook(lambda m, gi, go: seen.append(gi))
    a, b = leaf(2), leaf(2, seed=1)
    gradient = tw.autograd.grad(lambda a: module(a, b)[0].sum())(a)
    np.testing.assert_allclose(gradient.detach().numpy(), array(2, seed=1))
    assert len(seen) == 1 and b.grad is None


RETURNED = [
    (
        lambda g: (g[0], g[0]),
        ValueError,
        "register_full_backward_hook: the hook returned 2 gradients, but must return 1",
    ),
    (
        lambda g: ("a",),
        TypeError,
        "gradient 0 of the hook is 'a', but must be a Tensor or None",
    ),
    (lambda g: g[0][0], ValueError, r"gradient 0 of the hook has shape \(3,\), but must have \(1, 3\)"),
    (lambda g: g[0].astype("float64"), TypeError, "has dtype float64, but must have float32"),
]


@pytest.mark.parametrize(("returned", "error", "message"), RETURNED, ids=[m for *_, m in RETURNED])
def test_what_backward_hooks_return(returned, error, message):
    layer = nn.Linear(3, 2)
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: returned(grad_input))
    x = tw.ones((1, 3), requires_grad=True)
    with pytest.raises(error, match=message) as caught:
        layer(x).sum().backward()
    assert notes(caught) == ["in layer Linear: Linear(in_features=3, out_features=2, bias=True)"]
    assert x.grad is None and layer.weight.grad is None


def test_a_gradient_that_is_none_is_zero():
    layer = nn.Linear(3, 2)
    layer.register_full_backward_hook(lambda m, grad_input, grad_output: (None,))
    x = tw.ones((1, 3), requires_grad=True)
    (layer(x).sum() + x.sum()).backward()
    assert x.grad.tolist() == [[1.0, 1.0, 1.0]]


@pytest.mark.parametrize("kind", ["forward_pre", "forward", "full_backward_pre", "full_backward"])
def test_hooks_are_callable(kind):
    register = getattr(nn.ReLU(), f"register_{kind}_hook")
    with pytest.raises(TypeError, match=f"register_{kind}_hook: hook is 3, but must be callable"):
        register(3)
    with pytest.raises(TypeError, match=f"register_{kind}_hook: prepend is 'a', but must be True or False"):
        register(print, prepend="a")


def test_hooks_are_pytorchs():
    torch = pytest.importorskip("torch")

    def run(nn, make, grad_of):
        first, second = nn.Linear(3, 4), nn.Linear(4, 2)
        for layer, seed in ((first, 0), (second, 5)):
            layer.load_state_dict(
                {
                    name: make(array(*value.shape, seed=seed + i))
                    for i, (name, value) in enumerate(layer.state_dict().items())
                }
            )
        net = nn.Sequential(first, nn.Tanh(), second)
        seen = []

        def note(what):
            return lambda m, *given: seen.append((what, [[grad_of(g) for g in gradients] for gradients in given]))

        net.register_full_backward_hook(note("net"))
        net.register_full_backward_pre_hook(note("before net"))
        net[1].register_full_backward_hook(note("tanh"))
        net[1].register_full_backward_hook(lambda m, grad_input, grad_output: (grad_input[0] * 2,))
        net[2].register_full_backward_pre_hook(lambda m, grad_output: (grad_output[0] + 1,))
        net[2].register_full_backward_hook(note("second"), prepend=True)
        x = make(array(5, 3)).requires_grad_(True)
        (net(x) ** 2).sum().backward()
        return seen, [grad_of(t.grad) for t in (x, *net.parameters())]

    ours = run(nn, lambda a: tw.asarray(a.astype(np.float32)), lambda g: g.numpy())
    theirs = run(torch.nn, lambda a: torch.tensor(a.astype(np.float32)), lambda g: g.numpy())
    assert [what for what, _ in ours[0]] == [what for what, _ in theirs[0]]
    for (_, mine), (_, other) in zip(ours[0], theirs[0], strict=True):
        for a, b in zip(mine, other, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    for a, b in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
