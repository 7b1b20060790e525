"""Sums of products of many factors: what they are, and that they are worked out two factors at a time."""

from __future__ import annotations

import numpy as np
import pytest

from chainrule.ir.dims import Sizes
from chainrule.ir.node import Einsum, Input
from chainrule.run.interpret import interpret

PRODUCTS = [
    ([(0, 1), (1, 2), (2, 3), (3, 0)], (0,)),
    ([(0, 1), (0, 1), (1,), (0,), ()], (1,)),
    ([(0, 0), (0, 1), (1, 2), (2, 2)], ()),
    ([(2,), (3,), (2, 3), (3,)], (0, 2)),
    ([(0, 1), (2, 1), (2, 0)], (1, 2)),
]
"""The indices of each factor, and of the result; one of them is in no factor: a broadcast."""
EXTENTS = {0: 2, 1: 3, 2: 4, 3: 5}


@pytest.mark.parametrize(("subs", "out"), PRODUCTS)
def test_a_product_of_many_factors_is_the_sum_over_all_indices(
    subs: list[tuple[int, ...]], out: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(0)
    shapes = [tuple(EXTENTS[i] for i in sub) for sub in subs]
    values = {f"x{k}": rng.normal(size=shape) for k, shape in enumerate(shapes)}
    node = Einsum.of([Input.of(f"x{k}", shape) for k, shape in enumerate(shapes)], subs, out, dict(EXTENTS))
    used = sorted({i for sub in subs for i in sub} | set(out))
    wanted = np.zeros([EXTENTS[i] for i in out])
    for place in np.ndindex(*(EXTENTS[i] for i in used)):
        at = dict(zip(used, place, strict=True))
        term = np.prod([values[f"x{k}"][tuple(at[i] for i in sub)] for k, sub in enumerate(subs)])
        wanted[tuple(at[i] for i in out)] += term
    (found,) = interpret([node], values, sizes=Sizes())
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


def test_a_chain_of_many_matrices_is_no_more_work_than_its_products() -> None:
    count = 40
    rng = np.random.default_rng(1)
    values = {f"m{k}": rng.normal(size=(6, 6)) / 2 for k in range(count)}
    chain = Einsum.of(
        [Input.of(f"m{k}", (6, 6)) for k in range(count)],
        [(k, k + 1) for k in range(count)], (0, count), dict.fromkeys(range(count + 1), 6),
    )  # fmt: skip
    (found,) = interpret([chain], values, sizes=Sizes())
    np.testing.assert_allclose(found, np.linalg.multi_dot(list(values.values())), rtol=1e-9)
