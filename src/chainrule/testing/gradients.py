"""`assert_gradient`: a gradient of one's own, in one's own tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..checking import diagnose


def assert_gradient(
    loss: Any,
    backward: Any,
    *,
    wrt: str | Sequence[str] | None = None,
    at: Mapping[str, Any] | None = None,
    seed: int = 0,
) -> None:
    """Fail, as pytest wants it, where a gradient is wrong: the message is the diagnosis.

    The arguments are those of `cr.check`. Raises AssertionError, and what `cr.check` raises.
    """
    __tracebackhide__ = True
    report = diagnose(loss, backward, wrt=wrt, at=at, seed=seed)
    if not report.ok:
        raise AssertionError(f"the gradient is wrong\n{report}")
