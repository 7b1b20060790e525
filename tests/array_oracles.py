"""What each operation on whole arrays means, told again: by mpmath at 50 digits, and by plain loops."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import permutations
from typing import Any

import mpmath
import numpy as np

from tests.oracles import exactly


def of_matrices(f: Callable[..., Any]) -> Callable[..., Any]:
    """A function of matrices of mpmath, for stacks of matrices."""

    def told(*stacks: Any) -> Any:
        with mpmath.workdps(50):
            batch = stacks[0].shape[:-2]
            found = [plain(f(*(matrix(s[at]) for s in stacks))) for at in np.ndindex(*batch)]
        return np.array(found).reshape((*batch, *np.shape(found)[1:]))

    return told


def matrix(array: Any) -> Any:
    return mpmath.matrix([[exactly(v) for v in row] for row in array])


def plain(value: Any) -> Any:
    """A matrix or number of mpmath as floats."""
    if not isinstance(value, mpmath.matrix):
        return float(value)
    return [[float(value[i, j]) for j in range(value.cols)] for i in range(value.rows)]


def leibniz(a: Any) -> Any:
    """The determinant as a sum over all permutations."""
    n = a.rows
    terms = []
    for order in permutations(range(n)):
        swaps = sum(order[i] > order[j] for i in range(n) for j in range(i + 1, n))
        terms.append((-1) ** swaps * mpmath.fprod(a[i, order[i]] for i in range(n)))
    return mpmath.fsum(terms)


def cofactors(a: Any) -> Any:
    """Each entry's minor, with its sign."""
    n = a.rows
    result = mpmath.matrix(n, n)
    for i in range(n):
        for j in range(n):
            rest = [[a[k, m] for m in range(n) if m != j] for k in range(n) if k != i]
            result[i, j] = (-1) ** (i + j) * (leibniz(mpmath.matrix(rest)) if n > 1 else 1)
    return result


def factor(a: Any) -> Any:
    """Cholesky's factor of the symmetric part."""
    return mpmath.cholesky((a + a.T) / 2)


def along(f: Callable[[list[Any]], Any]) -> Callable[..., Any]:
    """A function of a row of numbers, along an axis."""

    def told(x: Any, axis: int) -> Any:
        rows = np.moveaxis(x, axis, -1)
        found = [f(row.tolist()) for row in rows.reshape(-1, rows.shape[-1])] if rows.size else []
        result = np.array(found).reshape((*rows.shape[:-1], *np.shape(found)[1:])) if found else rows
        return np.moveaxis(result, -1, axis) if result.ndim == x.ndim else result

    return told


def sums(row: list[float]) -> list[float]:
    return [float(mpmath.fsum(row[: k + 1])) for k in range(len(row))]


def products(row: list[float]) -> list[float]:
    return [float(mpmath.fprod(row[: k + 1])) for k in range(len(row))]


def recurrence(a: Any, b: Any, axis: int) -> Any:
    """Every term written out: s_k = Σ_i b_i Π a_j, over the j after i up to k."""
    a, b = np.moveaxis(a, axis, 0), np.moveaxis(b, axis, 0)
    s = np.array([sum(b[i] * np.prod(a[i + 1 : k + 1], axis=0) for i in range(k + 1)) for k in range(len(b))])
    return np.moveaxis(s.reshape(b.shape), 0, axis)


MASK = 2**64 - 1


def philox(key: list[int], use: int) -> Iterator[int]:
    """Philox 4×64 with ten rounds, as Salmon et al. (2011) define it, counting on from (0, 0, 0, use)."""
    count = use << 192
    while True:
        count += 1
        c = [(count >> (64 * n)) & MASK for n in range(4)]
        k = list(key)
        for _ in range(10):
            a, b = 0xD2E7470EE14C6C93 * c[0], 0xCA5A826395121157 * c[2]
            c = [(b >> 64) ^ c[1] ^ k[0], b & MASK, (a >> 64) ^ c[3] ^ k[1], a & MASK]
            k = [(k[0] + 0x9E3779B97F4A7C15) & MASK, (k[1] + 0xBB67AE8584CAA73B) & MASK]
        yield from c


def words(key: Any, use: int, count: int) -> list[int]:
    drawn = philox([int(v) & MASK for v in key], use)
    return [next(drawn) for _ in range(count)]


def split(key: Any, count: int) -> Any:
    return np.array(words(key, 1, 2 * count), np.uint64).astype(np.int64).reshape(count, 2)


def uniform(key: Any, shape: tuple[int, ...]) -> Any:
    numbers = [(word >> 11) / 2**53 for word in words(key, 2, int(np.prod(shape)))]
    return np.minimum(np.array(numbers).reshape(shape), 1 - 2.0**-24)


def normal(key: Any, shape: tuple[int, ...]) -> Any:
    """NumPy's own, whose method has tables of 256 entries."""
    bits = np.random.Philox(key=np.array([int(v) & MASK for v in key], np.uint64), counter=[0, 0, 0, 3])
    return np.random.Generator(bits).normal(0.0, 1.0, shape)


ARRAYS: dict[str, Callable[..., Any]] = {
    "det": of_matrices(leibniz),
    "log_abs_det": of_matrices(lambda a: mpmath.log(abs(leibniz(a)))),
    "det_sign": of_matrices(lambda a: mpmath.sign(leibniz(a))),
    "cofactor": of_matrices(cofactors),
    "inv": of_matrices(mpmath.inverse),
    "solve": of_matrices(lambda a, b: mpmath.inverse(a) * b),
    "cholesky": of_matrices(factor),
    "cumsum": along(sums),
    "cumsum_back": along(lambda row: sums(row[::-1])[::-1]),
    "cumprod": along(products),
    "linear_recurrence": recurrence,
    "recurrence_back": lambda a, b, axis: np.flip(recurrence(np.flip(a, axis), np.flip(b, axis), axis), axis),
    "argsort": along(lambda row: sorted(range(len(row)), key=lambda i: row[i])),
    "argmax": along(lambda row: row.index(max(row))),
    "argmin": along(lambda row: row.index(min(row))),
    "split_key": split,
    "uniform": uniform,
    "normal": normal,
}
