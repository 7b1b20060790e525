"""Operations that NumPy has not: what a printed program imports and defines, and what C refuses."""

from __future__ import annotations

from typing import Any

import mpmath
import numpy as np
import pytest
from scipy import special

import chainrule as cr
from chainrule.emit.c import NoSpelling
from chainrule.emit.c import source as c_source
from chainrule.emit.numpy import source
from chainrule.emit.numpy_statements import statements
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import for_numpy, record, records
from tests.emit.printed_numpy import run

X = Input.of("x", (4,))
VALUES = np.array([0.3, 0.5, 0.7, 0.9])
ELEMENTWISE = [r for r in records() if isinstance(r, Elementwise)]
IMPORTED = [r for r in ELEMENTWISE if r.imports]
DEFINED = [r for r in ELEMENTWISE if r.definition]


def printed(*outputs: Any) -> str:
    return source(Graph((X,), outputs)).text


@pytest.mark.parametrize("op", IMPORTED, ids=lambda op: op.name)
def test_a_program_imports_what_it_calls_once(op: Elementwise) -> None:
    text = printed(op(X), op(2 * X) + cr.erf(X))
    assert text.count("from scipy import special\n") == 1
    assert text.index("import numpy as np") < text.index("from scipy import special") < text.index("def f(")


@pytest.mark.parametrize("op", DEFINED, ids=lambda op: op.name)
def test_a_program_defines_what_no_library_has_once(op: Elementwise) -> None:
    text = printed(op(X), op(X + 1))
    assert text.count(f"def {op.name}(x):") == 1
    (found, _) = run(source(Graph((X,), (op(X), op(X + 1)))), {"x": VALUES}).result
    np.testing.assert_array_equal(found, op(VALUES))


def test_a_program_without_them_imports_numpy_alone() -> None:
    assert "scipy" not in printed(np.exp(X), np.log1p(X))


def test_statements_bring_their_imports_and_functions_too() -> None:
    written = statements({X: "x"}, [("y", cr.erf(X)), ("z", cr.sinc(X))])
    assert written.definitions[0] == "from scipy import special"
    assert written.definitions[1].startswith("def sinc(x):")
    assert written.lines == (("y = special.erf(x)",), ("z = sinc(x)",))


@pytest.mark.parametrize("op", IMPORTED, ids=lambda op: op.name)
def test_numbers_of_pythons_own_keep_the_precision_of_the_arguments(op: Elementwise) -> None:
    program = source(Graph((X,), (op(*[0.5] * op.arity) * X if op.arity > 1 else op(X[:1] * 0 + 0.5) * X,)))
    (found,) = run(program, {"x": VALUES.astype(np.float32)}).result
    assert found.dtype == np.float32


@pytest.mark.parametrize("op", [r for r in ELEMENTWISE if r.no_c], ids=lambda op: op.name)
def test_c_refuses_what_it_has_not_by_name(op: Elementwise) -> None:
    with pytest.raises(NoSpelling, match=f"{op.name} cannot be written in C: C has no such function"):
        c_source(Graph((X,), (op(X),)))


def test_numpy_runs_what_c_refuses() -> None:
    @cr.function(x="N")
    def loss(x: Any) -> Any:
        return cr.gammaln(x).sum()

    np.testing.assert_allclose(cr.grad(loss, "x")(VALUES), special.psi(VALUES), rtol=1e-15)


FUNCTIONS = ["erf", "erfc", "erfinv", "ndtr", "gammaln", "psi", "logit", "xlog1py", "expm1", "log1p", "cbrt", "exp2"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_scipys_own_functions_take_traced_arrays(name: str) -> None:
    function = getattr(special, name)
    operands = (X, X) if name == "xlog1py" else (X,)
    assert function(*operands) is record({"psi": "digamma"}.get(name, name))(*operands)


def test_another_function_of_scipy_is_refused_by_name() -> None:
    assert for_numpy(special.jv) is None
    with pytest.raises(cr.TraceError, match="jv is not an operation"):
        special.jv(X, X)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_extended_precision_is_worked_out_in_double(dtype: Any) -> None:
    for name in ("erf", "gammaln"):
        wide = record(name).ref(VALUES.astype(np.longdouble))
        assert wide.dtype == np.longdouble
        np.testing.assert_array_equal(wide.astype(float), record(name).ref(VALUES))
        assert record(name).ref(VALUES.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7, 20])
def test_polygamma_of_each_order_and_its_slope(n: int) -> None:
    def loss(x: Any) -> Any:
        return cr.polygamma(n, x).sum()

    x = np.array([0.4, 1.0, 2.5, 30.0])
    with mpmath.workdps(40):
        value, slope = ([float(mpmath.polygamma(k, float(v))) for v in x] for k in (n, n + 1))
    np.testing.assert_allclose(cr.polygamma(n, x), value, rtol=1e-13)
    np.testing.assert_allclose(cr.grad(cr.function(x="N")(loss), "x")(x), slope, rtol=1e-13)


def test_one_order_is_one_operation_and_travels_by_its_name() -> None:
    assert cr.polygamma(5, X) is cr.polygamma(np.int64(5), X)
    assert cr.polygamma(5, X).op is record("polygamma_5")
    assert cr.polygamma(0, X) is cr.digamma(X)
    with pytest.raises(cr.ChainruleError, match="no operation named 'polygamma_x'"):
        record("polygamma_x")


@pytest.mark.parametrize("order", [-1, 101, 1.5, True, "2", X], ids=str)
def test_an_order_that_is_none_is_refused(order: Any) -> None:
    with pytest.raises(cr.ChainruleError, match=r"order of polygamma is a whole number from 0 to 100"):
        cr.polygamma(order, X)
