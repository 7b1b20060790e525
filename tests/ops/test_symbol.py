"""Unknown functions: named, primed when differentiated, evaluated where they are told or stood in for."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.derive import reverse
from chainrule.ir.errors import ChainruleError
from chainrule.ir.node import Const, Input
from chainrule.ops.symbol import smooth_stand_in, symbol
from chainrule.render.formula import show
from chainrule.run.interpret import interpret
from tests.differentiated import Traced

X = np.linspace(-2, 2, 5)


def test_slopes_are_primed() -> None:
    f = symbol("f")
    names = [f.name]
    for _ in range(4):
        slope = f.partials(Input.of("x", ()), None)[0]
        names.append(slope.op.name)
        f = slope.op
    assert names == ["f", "f′", "f″", "f‴", "f⁽4⁾"]


def test_it_is_written_with_its_argument() -> None:
    x = Input.of("x", ())
    f = symbol("f")
    slope = f.partials(x, None)[0]
    assert [show(y, "latex") for y in (f(x), slope)] == [r"f\left(x\right)", r"f'\left(x\right)"]
    assert [show(y) for y in (f(x), slope)] == ["f(x)", "f′(x)"]


def test_nobody_knows_whether_it_takes_complex_numbers() -> None:
    assert not symbol("f").analytic
    assert not symbol("f", value=np.abs, slopes=(np.sign,)).analytic


def test_one_name_is_one_function_unless_it_is_told_what_it_is() -> None:
    x = Input.of("x", ())
    assert symbol("f")(x) is symbol("f")(x)
    told = symbol("f", value=np.sin)
    assert told(x) is not symbol("f")(x)


def test_what_is_told_is_evaluated() -> None:
    f = symbol("f", value=np.sin, slopes=(np.cos, lambda x: -np.sin(x)))
    traced = Traced(f, [X])
    np.testing.assert_array_equal(traced.value(), np.sin(X))
    np.testing.assert_array_equal(traced.pull()[0], np.cos(X))
    np.testing.assert_array_equal(Traced(traced.gradient(0), [X]).pull()[0], -np.sin(X))


def test_what_is_not_told_is_refused() -> None:
    for f in (symbol("g"), symbol("g", value=np.sin).partials(Input.of("x", ()), None)[0].op):
        with pytest.raises(ChainruleError, match=r"cr.symbol\('g'"):
            Traced(f, [X]).value()
    with pytest.raises(ChainruleError, match="identifier"):
        symbol("f′")


def test_a_stand_in_has_its_exact_slopes() -> None:
    x = Input.of("x", (5,))
    y = symbol("f")(x * x)
    g = reverse({y: Const.of(np.ones(5))}, [x]).get(x)
    for h in (1e-4, 5e-5):
        value, there, back = (
            interpret([n], {"x": X + d}, stand_in=lambda op: smooth_stand_in(op, 3))[0]
            for n, d in ((g, 0), (y, h), (y, -h))
        )
        np.testing.assert_allclose(value, (there - back) / (2 * h), rtol=300 * h**2, atol=300 * h**2)
