"""The engine's registry: one op of a name, and rules that name what their op has, each in the table of its family."""

from __future__ import annotations

import collections
import importlib
import itertools
import pkgutil
import threading
import time

import pytest

import tilewright as tw
from tilewright import _core, _functions, _vjps
from tilewright._engine import registry as entries
from tilewright._engine.op import Plan, primitive

FAMILIES = sorted(module.name for module in pkgutil.iter_modules(_functions.__path__))
TABLES = sorted({module.name for module in pkgutil.iter_modules(_vjps.__path__)} - {"common"})


@pytest.fixture
def op(registry):
    """An op with an input, a static parameter, a result and something kept."""

    @primitive(keeps=("half",), results=("root",), kernel=lambda x, base: (_core.sqrt(x), _core.add(x, base)))
    def rooted(x, /, base):
        """The root, and more."""

    return rooted


def test_a_second_op_of_a_name_is_refused(op):
    with pytest.raises(ValueError, match=r"primitive: there is an op rooted already, in test_registry"):

        @primitive(kernel=_core.sqrt)
        def _rooted(x, /):
            """Another one."""

    with pytest.raises(
        ValueError, match=r"primitive: there is an op exp already, in tilewright._functions.exponential"
    ):

        @primitive
        def exp(x, /):
            """Another one."""


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"uprooted": lambda g: g}, "vjps: there is a rule for uprooted, but no op of that name"),
        ({"exp": lambda g: g}, "vjps: there are two entries for exp"),
        ({"equal": lambda g: g}, "vjps: there are two entries for equal"),
        (
            {"rooted": lambda g, y: g},
            "vjps: a rule of rooted takes y, but may take x, x_shape, x_dtype, x_device, base, root, half$",
        ),
        ({"rooted": lambda g, x, x_size: g}, "vjps: a rule of rooted takes x_size, but may take x, x_shape"),
        ({"rooted": lambda c, x: c}, "vjps: a rule of rooted takes c, x, but the first must be g"),
        ({"rooted": lambda: 1}, "vjps: a rule of rooted takes , but the first must be g"),
        ({"rooted": (lambda g: g, None)}, "vjps: rooted has 2 rules, but the inputs x; give one for each"),
    ],
)
def test_rules_that_do_not_fit_are_refused(op, registry, table, message):
    for name in ("exp", "equal"):
        registry.cuts_tape(name)  # has their tables loaded
    before = dict(registry.VJPS)
    with pytest.raises(ValueError, match=message):
        registry.register_vjps({"rooted": lambda g: g} | table)
    assert before == registry.VJPS, "nothing of a table is entered where something in it is wrong"


def test_rules_over_complex_numbers_are_held_to_the_same(op, registry):
    with pytest.raises(ValueError, match="vjps: a rule of rooted takes z, but may take x,"):
        registry.register_vjps({"rooted": lambda g: g}, complex={"rooted": lambda g, z: g})
    with pytest.raises(
        ValueError, match="vjps: there is a rule for complex rooted, but none for real numbers beside it"
    ):
        registry.register_vjps({}, complex={"rooted": lambda g: g})


def test_rules_may_name_all_that_the_op_has(op, registry):
    registry.register_vjps({"rooted": lambda g, x, x_shape, x_dtype, base, root, half: g / (root * 2)})
    x = tw.asarray([4.0]).requires_grad_()
    op(x, 1.0).sum().backward()
    assert x.grad.tolist() == [0.25]


def test_an_op_cannot_be_in_both(op, registry):
    with pytest.raises(ValueError, match="vjps: there are two entries for rooted"):
        registry.register_vjps({"rooted": lambda g: g}, nondifferentiable=["rooted"])


# ---- the families ----------------------------------------------------------------------------------------------------


def test_every_rule_stands_in_the_table_of_its_family():
    for family in TABLES:
        table = importlib.import_module(f"tilewright._vjps.{family}")
        tables = [getattr(table, name, ()) for name in ("VJPS", "COMPLEX_VJPS", "FUSED_VJPS")]
        for name in itertools.chain(*tables):
            assert entries.DECLARED_IN[name] == f"tilewright._functions.{family}", name


def test_every_family_of_ops_has_a_table():
    for family in FAMILIES:
        importlib.import_module(f"tilewright._functions.{family}")
    declaring = {module.rpartition(".")[2] for module in entries.DECLARED_IN.values()}
    assert declaring & set(FAMILIES) == set(TABLES)


def test_every_op_of_the_package_is_declared_in_a_family():
    elsewhere = {n: m for n, m in entries.DECLARED_IN.items() if not m.startswith("tilewright._functions.")}
    assert not elsewhere


def test_public_names_are_given_once():
    """`tilewright` joins the families' names; a name that two give would be taken from the last."""
    modules = [importlib.import_module(f"tilewright._functions.{family}") for family in FAMILIES]
    modules += [importlib.import_module(f"tilewright._engine.{m}") for m in ("config", "dtypes", "explain", "tensor")]
    names = collections.Counter(name for module in modules for name in getattr(module, "__all__", ()))
    names.update(set(tw.__all__) - set(names))
    assert [name for name, count in names.items() if count > 1] == []
    assert len(tw.__all__) == len(set(tw.__all__)) and set(names) == set(tw.__all__)


def test_tables_are_loaded_when_they_are_needed(python):
    done = python(
        "import sys; import tilewright as tw\n"
        "def tables(): return sorted(m.rpartition('.')[2] for m in sys.modules if m.startswith('tilewright._vjps.'))\n"
        "x = tw.ones(2).requires_grad_(); print(tables()); x + x; print(tables()); x > 0; print(tables())"
    )
    assert done.stdout.splitlines() == ["[]", "['arithmetic', 'common']", "['arithmetic', 'common', 'comparison']"], (
        done.stderr
    )


# ---- what a plan saves and calls -------------------------------------------------------------------------------------


def test_a_plan_lists_what_its_rules_name(op, registry):
    registry.register_vjps({"rooted": lambda g, x_shape, root, half, base, x_dtype: g})
    value, shape, dtype = 0, 1, 2
    plan = Plan(entries.OPS["rooted"], (True,))
    assert plan.save == ((shape, 0), (value, 2), (value, 3), (value, 1), (dtype, 0))
    assert Plan(entries.OPS["getitem"], (True,)).save == ((3, 1), (shape, 0))


def test_backward_takes_nodes_that_saved_what_it_needs():
    backward = _core.Backward((lambda g, x, y: (g, y, x), lambda g: g), ((2, 0), ()), (), 1)
    assert backward(_core.Node(None, (), (1, 2, 3), ()), "g") == (("g", 1, 3), "g")
    with pytest.raises(RuntimeError, match="backward: the node has not saved what its rules take"):
        backward(_core.Node(None, (), (1, 2), ()), "g")
    with pytest.raises(RuntimeError, match="backward: the node has not saved what its rules take"):
        backward(_core.Node(None, (), None, ()), "g")
    for wrong in [lambda: backward(1, 2), lambda: backward(), lambda: _core.Backward((len,), (1,), (), 1)]:
        with pytest.raises(TypeError):
            wrong()
    with pytest.raises(ValueError, match="Backward: too many saved values"):
        _core.Backward((len,), ((99,),), (), 1)


def test_a_number_has_no_shape_for_a_rule(registry):
    @primitive(kernel=_core.multiply)
    def times(x1, x2, /):
        """A product."""

    registry.register_vjps({"times": (lambda g, x2_shape: g, None)})
    with pytest.raises(TypeError, match="times: a float has no shape, dtype or device that a rule could take"):
        times(tw.ones(2).requires_grad_(), 2.0)
    with pytest.raises(NotImplementedError, match="times: has no gradient with respect to x2"):
        times(tw.ones(2), tw.ones(2).requires_grad_())


def test_threads_wait_for_a_table_that_another_loads(monkeypatch):
    there = threading.Event()
    seen = []

    def load(module):
        time.sleep(0.05)
        there.set()

    def look_up():
        entries.cuts_tape("exp")
        seen.append(there.is_set())

    monkeypatch.setattr(entries, "_loaded", set())
    monkeypatch.setattr(entries, "_load_table", load)
    threads = [threading.Thread(target=look_up) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [True] * 3
