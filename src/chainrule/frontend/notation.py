"""Formulas as people write them, index notation and matrices, taken apart: ``1/L Σ_l (y_l - ŷ_l) V_m f′(z_ml) x_dl``.

What `render` prints as text is understood, and what is easily typed instead: ``sum_l``, ``f'``, ``delta_ki``, ``.T``,
``*``. `index_notation` makes graphs of it. Nothing of the text is ever run.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NoReturn

from .notation_tokens import NotationError, Token, normal, shown, tokens
from .notation_tree import Apply, At, Index, Neg, Num, Pair, Part, Sum, Sym, Tree, Turned

WITHOUT_BRACKETS = frozenset({"log", "ln", "exp", "sin", "cos", "tan", "tanh"})
"""Functions that may stand before what they are taken of without brackets: ``log Σ_k exp(z_k)``."""
DEEPEST = 60

_SUPERSCRIPT = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
_FRACTIONS = {"½": 0.5, "¼": 0.25, "¾": 0.75, "⅓": 1 / 3}
_COMPARISONS = ("<", "<=", ">", ">=", "==", "!=")


class Reader:
    """Takes a formula apart. ``names`` are those that mean something; a name may have indices behind an underscore."""

    def __init__(self, text: str, names: Collection[str]) -> None:
        self.text = normal(text)
        self.names = names
        self.tokens = tokens(self.text, names)
        self.place = 0
        self.depth = 0
        self.open: list[str] = []
        """The bars of absolute values and lengths that are not closed yet."""

    def read(self) -> Tree:
        """The whole formula. Raises NotationError where it is none."""
        tree = self._sum()
        if self._peek() is not None:
            self._refuse("this does not belong here")
        return tree

    # ------------------------------------------------------------------------------------------ tokens

    def _refuse(self, message: str) -> NoReturn:
        token = self._peek()
        start = token.start if token else len(self.text)
        raise NotationError(f"{message}{'' if token else ' (the formula ends here)'}\n{shown(self.text, start)}")

    def _peek(self, ahead: int = 0) -> Token | None:
        return self.tokens[self.place + ahead] if self.place + ahead < len(self.tokens) else None

    def _at(self, *signs: str) -> bool:
        token = self._peek()
        return token is not None and token.kind == "sign" and token.text in signs

    def _take(self) -> Token:
        token = self._peek()
        if token is None:
            self._refuse("something is missing")
        self.place += 1
        return token

    def _expect(self, sign: str) -> None:
        if not self._at(sign):
            self._refuse(f"here a {sign!r} is missing")
        self.place += 1

    # ------------------------------------------------------------------------------------------ terms and factors

    def _sum(self) -> Tree:
        self.depth += 1
        if self.depth > DEEPEST:
            self._refuse(f"brackets are nested more than {DEEPEST} deep")
        tree = self._term()
        while self._at("+", "-"):
            tree = Pair(self._take().text, tree, self._term())
        if self._at(*_COMPARISONS):
            tree = Pair(self._take().text, tree, self._sum())
        self.depth -= 1
        return tree

    def _term(self) -> Tree:
        """Products with ⊙ between them."""
        tree = self._product()
        while self._at("⊙"):
            self.place += 1
            tree = Pair("⊙", tree, self._product())
        return tree

    def _product(self) -> Tree:
        """Factors side by side, or with * @ / between them, from the left; Σ takes all that follows."""
        if self._at("-"):
            self.place += 1
            return Neg(self._product())
        if self._at("+"):
            self.place += 1
            return self._product()
        tree = self._factor()
        while True:
            if self._at("*", "/", "@"):
                sign = self._take().text
                tree = Pair(sign, tree, self._signed_factor())
            elif self._begins_factor():
                tree = Pair("", tree, self._factor())
            else:
                return tree

    def _signed_factor(self) -> Tree:
        if self._at("-"):
            self.place += 1
            return Neg(self._signed_factor())
        return self._factor()

    def _begins_factor(self) -> bool:
        token = self._peek()
        if token is None or token.kind == "primes":
            return False
        # A bar closes the absolute value or length that is open, or else opens one.
        return token.kind != "sign" or token.text in ("(", "[", "Σ", "∂", "√", "¬", *({"|", "‖"} - set(self.open[-1:])))

    def _factor(self) -> Tree:
        tree = self._atom()
        while True:
            token = self._peek()
            if token is None or token.kind != "sign":
                return tree
            if token.text == "[" and self.tokens[self.place - 1].end == token.start:
                tree = At(tree, self._indices())
            elif token.text == "^" and self._is_transpose():
                self.place += 2
                tree = Turned(tree)
            elif token.text == "^":
                self.place += 1
                tree = Pair("^", tree, self._signed_factor())
            elif token.text[0] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹":
                self.place += 1
                tree = Pair("^", tree, Num(float(token.text.translate(_SUPERSCRIPT))))
            elif token.text == "ᵀ":
                self.place += 1
                tree = Turned(tree)
            elif token.text == "." and (after := self._peek(1)) is not None and after.text == "T":
                self.place += 2
                tree = Turned(tree)
            else:
                return tree

    def _is_transpose(self) -> bool:
        after = self._peek(1)
        return after is not None and after.text == "T" and "T" not in self.names

    def _atom(self) -> Tree:
        token = self._take()
        match token.kind, token.text:
            case "number", text:
                return Num(_FRACTIONS.get(text) or float(text))
            case "name", _:
                return self._named(token)
            case "sign", "(":
                tree = self._sum()
                self._expect(")")
                return tree
            case "sign", "[":
                tree = self._sum()
                self._expect("]")
                return tree
            case "sign", "Σ":
                return Sum(self._letters_behind(), self._term())
            case "sign", "|" | "‖" as bar:
                self.open.append(bar)
                tree = self._sum()
                self.open.pop()
                self._expect(bar)
                return Apply({"|": "abs", "‖": "norm"}[bar], 0, (tree,))
            case "sign", "¬":
                return Apply("logical_not", 0, (self._factor(),))
            case "sign", "√":
                return Apply("sqrt", 0, (self._factor(),))
            case "sign", "∂":
                top = self._factor()
                self._expect("/")
                self._expect("∂")
                return Part(top, self._factor())
        self.place -= 1
        self._refuse("a number, a name or a bracket is expected here")

    # ------------------------------------------------------------------------------------------ names

    def _named(self, token: Token) -> Tree:
        base, behind = self._split(token.text)
        if base not in self.names:
            if re.fullmatch(r"sum_\w+|Σ_?\w*|sum", token.text) and token.text != "sum":
                return Sum(_summed(token.text.split("_", 1)[-1].removeprefix("Σ")), self._term())
            if base in ("delta", "δ") and behind:
                return Sym("δ", _letters(behind))
            if base in ("delta", "δ") and self._at("["):
                return Sym("δ", self._indices())
        primes = 0
        following = self._peek()
        if following is not None and following.kind == "primes":
            primes = sum({"″": 2, "‴": 3}.get(c, 1) for c in following.text)
            self.place += 1
        if self._at("(") and (base not in self.names or primes):
            return Apply(token.text, primes, self._arguments())
        if base not in self.names and base in WITHOUT_BRACKETS and self._begins_factor():
            return Apply(base, 0, (self._factor(),))
        if primes:
            self._refuse(f"a prime is for functions: {base}′(…)")
        if behind:
            return Sym(base, _letters(behind))
        if self._at("[") and self._closely(token):
            return Sym(base, self._indices())
        return Sym(base)

    def _split(self, word: str) -> tuple[str, str]:
        """A known name and what stands behind its underscore; the word itself where no beginning of it is known."""
        if word in self.names:
            return word, ""
        parts = word.split("_")
        for k in range(len(parts) - 1, 0, -1):
            base = "_".join(parts[:k])
            if base in self.names or (base in ("delta", "δ") and k == len(parts) - 1):
                return base, "_".join(parts[k:])
        return word, ""

    def _closely(self, token: Token) -> bool:
        following = self._peek()
        return following is not None and following.start == token.end

    def _letters_behind(self) -> tuple[str, ...]:
        """The letters of ``Σ_il``: the tokenizer gives ``_il`` as a name, which begins with the underscore."""
        token = self._peek()
        if token is None or token.kind != "name" or not token.text.startswith("_"):
            return ()
        self.place += 1
        return _summed(token.text[1:])

    def _arguments(self) -> tuple[Tree, ...]:
        self._expect("(")
        args = [self._sum()]
        while self._at(","):
            self.place += 1
            args.append(self._sum())
        self._expect(")")
        return tuple(args)

    def _indices(self) -> tuple[Index, ...]:
        """``[i, l]``, ``[0]``, ``[n, y_n]``."""
        self._expect("[")
        found: list[Index] = []
        while True:
            token = self._take()
            if token.kind == "number" and token.text.isdigit():
                found.append(int(token.text))
            elif token.kind == "name":
                base, behind = self._split(token.text)
                found.append(Sym(base, _letters(behind)) if behind and base in self.names else token.text)
            else:
                self.place -= 1
                self._refuse("an index is a letter or a number")
            if not self._at(","):
                break
            self.place += 1
        self._expect("]")
        return tuple(found)


def _letters(word: str) -> tuple[Index, ...]:
    """``il`` as i and l; ``i1j`` as i1 and j; ``0`` as a number."""
    return tuple(int(c) if c.isdigit() else c for c in re.findall(r"[^\W\d_]\d*|\d", word))


def _summed(word: str) -> tuple[str, ...]:
    return tuple(letter for letter in _letters(word) if isinstance(letter, str))
