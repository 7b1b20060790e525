"""Printed NumPy: it runs alone, gives what the interpreter gives, keeps the precision, and reads well."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

import chainrule as cr
from chainrule.derive import reverse
from chainrule.emit.numpy import source
from chainrule.emit.numpy_lines import docstring, literal
from chainrule.emit.numpy_names import identifier
from chainrule.ir.build import constant
from chainrule.ir.errors import ArgumentError, ChainruleError
from chainrule.ir.graph import Graph
from chainrule.ir.node import Input, Node
from chainrule.ir.records import Elementwise
from chainrule.ir.registry import call, records
from chainrule.run.interpret import bind, interpret
from chainrule.simplify import simplify
from tests.emit.printed_numpy import Run, run
from tests.functions import GRADIENTS, rows, values_of
from tests.fuzz import programs
from tests.fuzz.test_programs import PROGRAMS, SMALL
from tests.fuzz.test_programs import values_of as random_values
from tests.kept import Golden

BOTH = ["float64", "float32"]


def of_dtype(values: dict[str, Any], dtype: str) -> dict[str, Any]:
    return {n: np.asarray(v, dtype) if np.asarray(v).dtype.kind == "f" else v for n, v in values.items()}


def agree(graph: Graph, values: dict[str, Any], dtype: str = "float64", **options: Any) -> Run:
    """What is printed gives what the interpreter gives, and no variable in it is of another precision."""
    wanted = interpret(graph.outputs, values, sizes=bind(graph.inputs, values), dtype=dtype)
    printed = run(source(graph, function="program", **options), values)
    assert printed.wider_than(dtype) == {}
    scale = max(1.0, *(float(np.max(np.abs(np.nan_to_num(w)), initial=0)) for w in wanted))
    tolerance = 1e-9 if dtype == "float64" else 1e-3
    for found, want in zip(printed.result, wanted, strict=True):
        assert np.shape(found) == np.shape(want)
        assert type(found) is float or np.asarray(found).dtype == want.dtype
        if np.isfinite(want).all() and scale < 1e6:
            np.testing.assert_allclose(found, want, rtol=tolerance, atol=tolerance * scale)
    return printed


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(program=PROGRAMS, seed=SMALL)
def test_a_random_program_prints_what_the_interpreter_computes(program: Any, seed: int) -> None:
    loss = programs.traced().run(list(programs.INPUTS), program)
    cotangents = reverse({loss: constant(1, "float")}, programs.FLOATS)
    plain = Graph(tuple(programs.INPUTS), (loss, *(cotangents.get(i) for i in programs.FLOATS)))
    for graph in (plain, simplify(plain)):
        for dtype in BOTH:
            agree(graph, of_dtype(random_values(seed), dtype), dtype)


ELEMENTWISE = [r for r in records() if isinstance(r, Elementwise) and not r.symbol]


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("record", ELEMENTWISE, ids=lambda r: r.name)
def test_every_elementwise_record_with_arrays_rows_and_numbers(record: Elementwise, dtype: str) -> None:
    rng = np.random.default_rng(0)
    bounds = [record.samples[min(i, len(record.samples) - 1)] for i in range(record.arity)]
    x = [Input.of(f"x{i}", (4, 3)) for i in range(record.arity)]
    r = [Input.of(f"r{i}", (3,)) for i in range(record.arity)]
    s = [Input.of(f"s{i}", ()) for i in range(record.arity)]
    names = {i.name: rng.uniform(*bounds[int(i.name[1:])], i.shape) for i in (*x, *r, *s)}
    outputs: list[Node] = [record(*x), record(*r), record(*s)]
    for mixed in ([x[0], *s[1:]], [x[0], *r[1:]], [*s[:-1], x[-1]], [*r[:-1], x[-1]], [x[0], *(1.25 for _ in s[1:])]):
        outputs.append(record(*mixed))
    agree(Graph((*x, *r, *s), tuple(outputs)), of_dtype(names, dtype), dtype)


N = cr.function(x="N")(lambda x: x).trace().graph.inputs[0].shape[0]
X, W, Y = Input.of("x", (N, 3)), Input.of("w", (3,)), Input.of("y", (N,), "int")
GIVEN = {"x": np.linspace(-1, 2, 12).reshape(4, 3), "w": np.array([0.5, -1.0, 2.0]), "y": np.array([0, 2, 1, 2])}

PRECISION = [
    ("a size's root", lambda: X / np.sqrt(X.shape[0])),
    ("a size alone, spread", lambda: call("broadcast_to", 1 / (X.shape[0] * 1.0), (N,)) * 2.0),
    ("a number's exponential", lambda: X * np.exp(0.5)),
    ("where of numbers", lambda: np.where(X > 0, 2.0, -1.0)),
    ("where of a size", lambda: np.where(X[:, 0] > 0, 1.0 / X.shape[0], 0.0)),
    ("a mask as numbers", lambda: call("to_float", X > 0)),
    ("masks added", lambda: call("to_float", X > 0) + call("to_float", X > 1)),
    ("a mask times a number", lambda: call("to_float", X > 0) * 0.5),
    ("one-hot", lambda: cr.one_hot(Y, 3)),
    ("one-hot over a size", lambda: cr.one_hot(Y, 3) / X.shape[0]),
    ("integers as numbers", lambda: Y * 0.1),
    ("integers over a size", lambda: Y / X.shape[0]),
    ("an identity matrix", lambda: call("eye", 3) * 0.3),
    ("a constant array", lambda: X + np.array([0.1, 0.2, 0.3])),
    ("an integer power", lambda: X**3 + 2.0**W),
    ("a spread number", lambda: -call("broadcast_to", 1.0 / X.shape[0], (N, 3)) * X),
    ("a reshaped number", lambda: call("reshape", call("sum", W * 0 + 0.1), (1, 1)) * X),
    ("a maximum's share", lambda: X / X.max(axis=1, keepdims=True)),
    ("a norm at zero", lambda: cr.norm(W - W) + W),
]


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("make", [row[1] for row in PRECISION], ids=[row[0] for row in PRECISION])
def test_the_precision_of_the_arguments_is_kept(make: Any, dtype: str) -> None:
    agree(Graph((X, W, Y), (make(),)), of_dtype(GIVEN, dtype), dtype)


def test_an_array_with_an_axis_of_length_one_keeps_it() -> None:
    row = call("broadcast_to", W, (1, 3)) * 2.0
    agree(Graph((X, W, Y), (row, row.sum(axis=0), row.sum(axis=0, keepdims=True))), GIVEN)


def test_comparisons_bind_looser_in_python_than_or() -> None:
    both = (X > 0.5) | ((X < 0) & ~(X < -0.5))
    printed = agree(Graph((X, W, Y), (np.where(both, X, 0.0),)), GIVEN)
    x = GIVEN["x"]
    np.testing.assert_array_equal(printed.result[0] != 0, (x > 0.5) | ((x < 0) & (x >= -0.5)))


def test_axes_that_are_kept_and_stretched_are_left_to_numpy() -> None:
    graph = Graph((X, W, Y), ((X - X.mean(axis=1, keepdims=True)) / X.max(axis=1, keepdims=True),))
    text = source(graph).text
    assert "keepdims=True" in text
    assert "reshape" not in text
    assert "None" not in text
    agree(graph, GIVEN)


@pytest.mark.parametrize("axis", [0, 1, None])
def test_a_long_sum_in_single_precision_keeps_its_digits(axis: int | None) -> None:
    rows_, columns_ = (200_000, 2) if axis != 1 else (2, 200_000)
    x = Input.of("x", (rows_, columns_))
    graph = Graph((x,), (x.sum(axis=axis),))
    values = {"x": np.full((rows_, columns_), 0.1, np.float32)}
    (found,) = run(source(graph, long_axes=True), values).result
    assert found.dtype == np.float32
    count = rows_ * columns_ if axis is None else 200_000
    np.testing.assert_allclose(found, 0.1 * count, rtol=1e-6)


# ------------------------------------------------------------------------------------------------ names

HOSTILE = [
    'a"""+__import__("os").getcwd()+"""',
    "b\n    import os",
    "c{0}",
    "d #",
    "\u202e",
    "lambda",
    "print",
    "np",
    "dtype",
    "__builtins__",
    "1",
    "",
]


def test_names_are_never_copied_from_a_text_that_is_no_name() -> None:
    inputs = tuple(Input.of(name, (2,)) for name in HOSTILE)
    total = sum((i * k for k, i in enumerate(inputs, 1)), start=inputs[0] * 0)
    names: dict[Node, str] = {total: 'x = 1"""\nimport os'}
    graph = Graph(inputs, (total.sum(), *inputs[:2]), names)
    printed = source(graph, function="print('f')", doc=HOSTILE[0] + HOSTILE[1], gradients=HOSTILE[:2], forward=1)
    values = {name: np.array([1.0, k]) for k, name in enumerate(HOSTILE)}
    result = run(printed, values).result
    assert list(result[1]) == HOSTILE[:2]
    np.testing.assert_allclose(result[0], interpret([total.sum()], values)[0])


@pytest.mark.parametrize("text", [*HOSTILE, "ŷ", "a'b\\", "\\"])
def test_strings_stay_strings(text: str) -> None:
    assert eval(literal(text)) == text
    namespace: dict[str, Any] = {}
    exec("\n".join(["def f():", *docstring(text or "-"), "    return 1"]), namespace)
    assert namespace["f"]() == 1


def test_identifiers_are_distinct_and_no_word_of_python() -> None:
    taken: set[str] = set()
    made = [identifier(name, taken) for name in [*HOSTILE, *HOSTILE, "ŷ", "ﬁt", "fit", "x", "x", "class", "sum"]]
    assert len(set(made)) == len(made)
    for name in made:
        namespace: dict[str, Any] = {}
        exec(f"{name} = 1", namespace)
        assert name.isidentifier()
        assert name not in dir(__builtins__)
    assert "ŷ" in made


def test_dimensions_named_like_variables_do_not_meet_them() -> None:
    @cr.function(N="N d", d="d N")
    def product(N: Any, d: Any) -> Any:
        np_ = N @ d
        sum = np_.sum() / N.shape[0]
        return sum * d.shape[0]

    text = cr.source(product, wrt=["N", "d"])
    values = {"N": np.ones((2, 3)), "d": np.full((3, 2), 2.0)}
    value, gradients = Run(text, "product_and_gradients", *values.values()).result
    assert value == 24 / 2 * 3
    np.testing.assert_allclose(gradients["N"], cr.grad(product, "N")(**values))


# ------------------------------------------------------------------------------------------------ whole functions


@pytest.mark.parametrize("dtype", BOTH)
@pytest.mark.parametrize("name", GRADIENTS)
def test_a_function_and_its_gradients(name: str, dtype: str, golden: Golden) -> None:
    function, wrt = GRADIENTS[name]
    text = cr.source(function, wrt=wrt)
    golden.check(f"{name}.py.txt", text)
    values = values_of(function, dtype)
    printed = Run(text, f"{name}_and_gradients", *values.values())
    assert printed.wider_than(dtype) == {}
    value, gradients = printed.result
    wanted, wanted_gradients = cr.value_and_grad(function, wrt)(**values)
    tolerance = 1e-12 if dtype == "float64" else 2e-4
    np.testing.assert_allclose(value, wanted, rtol=tolerance)
    assert list(gradients) == wrt
    for one, found in gradients.items():
        assert found.dtype == dtype
        scale = float(np.max(np.abs(wanted_gradients[one])))
        np.testing.assert_allclose(found, wanted_gradients[one], rtol=tolerance, atol=tolerance * scale)


def test_the_value_alone() -> None:
    function, _ = GRADIENTS["loss"]
    values = values_of(function)
    text = cr.source(function, wrt=[])
    assert "# backward" not in text
    assert Run(text, "loss", *values.values()).result == pytest.approx(float(function(**values)), rel=1e-12)


def test_an_unknown_function_is_left_to_the_reader() -> None:
    text = cr.source(rows, wrt="W")
    values = values_of(rows)
    namespace: dict[str, Any] = {"f": np.tanh, "f_prime": lambda z: 1 - np.tanh(z) ** 2}
    exec(text, namespace)
    value, gradients = namespace["rows_and_gradients"](**values)
    y_hat = np.tanh(values["x"] @ values["W"] + values["b"]) @ values["v"] + values["c"]
    assert value == pytest.approx(((values["y"] - y_hat) ** 2).sum() / (2 * len(y_hat)), rel=1e-12)
    back = ((y_hat - values["y"]) / len(y_hat))[:, None] * values["v"]
    slope = 1 - np.tanh(values["x"] @ values["W"] + values["b"]) ** 2
    np.testing.assert_allclose(gradients["W"], values["x"].T @ (back * slope), rtol=1e-12)


def test_long_lines_are_broken() -> None:
    @cr.function(
        a_rather_long_name_of_an_argument="N", another_name_that_is_no_shorter="N", a_third_of_the_same_length="N"
    )
    def wordy(
        a_rather_long_name_of_an_argument: Any, another_name_that_is_no_shorter: Any, a_third_of_the_same_length: Any
    ) -> Any:
        return (
            np.tanh(a_rather_long_name_of_an_argument * another_name_that_is_no_shorter)
            * np.exp(a_third_of_the_same_length - another_name_that_is_no_shorter)
        ).sum()

    wrt = list(wordy.signature.parameters)
    text = cr.source(wordy, wrt=wrt)
    values = values_of(wordy)
    _, gradients = Run(text, "wordy_and_gradients", *values.values()).result
    for name in wrt:
        np.testing.assert_allclose(gradients[name], cr.grad(wordy, name)(**values), rtol=1e-12)


def test_what_has_no_spelling_is_told_and_still_runs() -> None:
    odd = cr.Elementwise(name="odd_one", ref=np.cbrt, partials=lambda x, y: (1 / (3 * y * y),), why="a root's slope")
    with pytest.raises(ChainruleError, match="odd_one has no spelling in NumPy"):
        source(Graph((W,), (odd(W),)))
    function = cr.function(x="N")(lambda x: odd(x).sum())
    np.testing.assert_allclose(cr.grad(function, "x")(np.array([8.0, 1.0])), [1 / 12, 1 / 3])


def test_another_target_is_refused() -> None:
    with pytest.raises(ArgumentError, match="numpy and c"):
        cr.source(GRADIENTS["loss"][0], target="fortran")  # type: ignore[arg-type]
    with pytest.raises(ArgumentError, match="that of its arguments"):
        cr.source(GRADIENTS["loss"][0], dtype="float32")
    with pytest.raises(ArgumentError, match="dtype is float64 or float32, not 'int8'"):
        cr.source(GRADIENTS["loss"][0], target="c", dtype="int8")  # type: ignore[arg-type]
