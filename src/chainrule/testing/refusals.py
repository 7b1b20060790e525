"""What has to be refused, and by which words."""

from __future__ import annotations

from collections.abc import Callable

from .compare import require


def refused(use: Callable[[], object], error: type[Exception] | tuple[type[Exception], ...], *words: str) -> None:
    """Raises AssertionError unless the use raises this error, with a message that has all of the words."""
    try:
        use()
    except error as refusal:
        # Without the line that it quotes: what a caller wrote says nothing about the message.
        said = str(refusal).partition("\n  in ")[0]
    else:
        raise AssertionError(f"nothing is refused, where an error has to say {', '.join(words)}")
    for word in words:
        require(word in said, f"the message does not say {word!r}: {said}")
