"""The glossary: every number of an example is worked out, every rule of a step and every term has its entry."""

from __future__ import annotations

import ast
import re
import runpy
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import chainrule as cr
from chainrule.explain.glossary import WIDTH, Check, Entry, Glossary, glossary
from chainrule.ir.telling import Term, all_steps
from tests.explain import rules

ROOT = Path(__file__).parents[2]
NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?:e-\d+)?")
SMALL = {"0", "1", "2"}
"""Numbers that mathematics is written with (exponents, counts): they need no check."""
WHYS = (
    "why sum", "why transpose", "why ½", "why reuse", "why that shape", "learning rate", "why steepest descent",
    "Kronecker's delta", "the delta cancels the sum", "past the sum", "chain rule", "product rule", "kept constant",
    "partial derivative", "gradient", "Jacobian", "layout", "⊙", "@", "elementwise", "f′(z)", "broadcast",
    "mean vs sum", "batch", "sample", "rows or columns", "subgradient", "conventions do not compose", "softmax",
    "cross-entropy", "σ", "one-hot", "simplex", "vanishing gradient", "numeric check", "finite differences",
    "forward mode", "reverse mode", "directional derivative", "linear approximation", "difference quotient",
    "intermediate", "substitution", "δ", "deltas", "local derivative", "path product", "memorise", "closed form",
    "tick", "verification", "stop_gradient", "order 4", "update rule", "loss", "activation", "affine", "bias",
    "weight", "layer", "mse", "regularisation", "relu",
)  # fmt: skip
"""What a learner asks."""

every = pytest.mark.parametrize("entry", glossary.values(), ids=list(glossary))


def evaluated(check: Check) -> np.ndarray:
    """What a check's formula gives, or its derivative."""
    at = {name: np.asarray(value, dtype=float) for name, value in check.at.items()}
    function = cr.parse(check.formula, **{name: " ".join(map(str, value.shape)) for name, value in at.items()})
    value = np.asarray(function(**at))
    if not check.wrt:
        return value
    return np.asarray((cr.jacobian if value.ndim else cr.grad)(function, check.wrt)(**at))


def is_shown_as(value: float, shown: str) -> bool:
    """A whole number is exact; of a decimal the last digit is rounded."""
    decimals = len(shown.partition(".")[2])
    tolerance = 0.5000001 * 10**-decimals if decimals else 1e-9
    return abs(value - float(shown.replace("−", "-"))) <= tolerance


def numbers(paragraphs: tuple[str, ...]) -> set[str]:
    return {number for paragraph in paragraphs for number in NUMBER.findall(paragraph)}


@every
def test_every_number_of_an_example_is_what_it_is_said_to_be(entry: Entry) -> None:
    assert entry.checks
    for check in entry.checks:
        values = evaluated(check).ravel()
        by = "a derivative" if check.wrt else "a value"
        assert len(values) == len(check.shows), f"{check.formula}: {by} of {len(values)} numbers"
        for value, shown in zip(values, check.shows, strict=True):
            assert is_shown_as(float(value), shown), f"{check.formula} is {value}, not {shown}"


@every
def test_no_number_of_an_entry_goes_unchecked(entry: Entry) -> None:
    example = " ".join(entry.example)
    known = set(SMALL)
    for check in entry.checks:
        known |= numbers((check.formula, *check.shows))
        for value in check.at.values():
            known |= {f"{abs(float(v)):g}" for v in np.ravel(value)}
        for shown in check.shows:
            assert shown in example or shown in SMALL, f"{shown} is checked and not said"
    assert numbers(entry.example) <= known
    # What the answer itself says of the sizes of numbers is prose; see below.
    assert numbers(entry.text) <= known | {"1e-5", "1e-16"}


def test_what_is_said_of_the_step_of_a_difference_holds() -> None:
    """Central differences of a smooth function: best near 1e-5, and some ten digits are left there."""
    errors = {h: abs((np.exp(1 + h) - np.exp(1 - h)) / (2 * h) - np.e) / np.e for h in (1e-1, 1e-3, 1e-5, 1e-8, 1e-11)}
    assert min(errors, key=errors.__getitem__) == 1e-5
    assert errors[1e-5] < 1e-10
    assert errors[1e-1] / errors[1e-3] == pytest.approx(1e4, rel=0.1), "like h²"


@every
def test_an_entry_is_short_and_well_formed(entry: Entry) -> None:
    prose = " ".join(p for p in entry.text if not p.startswith(" "))
    sentences = re.findall(r"[.?!:](?=\s|$)", prose)
    assert 3 <= len(sentences) <= 10, len(sentences)
    assert all(len(line) <= WIDTH for line in str(entry).splitlines())
    assert entry.example[0].strip().endswith(".")
    assert not re.search(r"[*`]|\]\(|<\w", f"{prose} {entry.example}"), "Markdown would read it otherwise"
    for word in entry.see:
        assert word in list(glossary), f"{entry.word} names {word!r}, which is no entry's word"
        assert word != entry.word


@pytest.mark.parametrize("word", WHYS)
def test_what_a_learner_asks_has_an_answer(word: str) -> None:
    assert glossary.find(word).text


def test_every_entry_can_be_reached_from_another() -> None:
    named = {word for entry in glossary.values() for word in entry.see}
    assert set(glossary) - named == set(), "no other entry names them"


def test_signs_are_told_apart() -> None:
    assert glossary["σ"].word == "sigmoid"
    assert glossary["Σ"].word == "index notation"
    assert glossary["δ"].word == "delta"
    assert glossary["δ_ij"].word == "kronecker delta"


def test_a_word_is_found_however_it_is_written() -> None:
    for word in ("Why sum?", "WHY SUM", " why  sum ", "sum()", "shared"):
        assert glossary.find(word).word == "why sum"
    assert glossary.find("back to where we left off").word == "substitution"
    assert "chain rule" in glossary
    assert "nonsense" not in glossary


def test_a_word_that_is_not_there_names_what_is_near() -> None:
    with pytest.raises(cr.ArgumentError, match="near it are: learning rate"):
        glossary.find("learnign rate")
    with pytest.raises(cr.ArgumentError, match="`chainrule explain` lists"):
        glossary.find("qqqq")
    with pytest.raises(KeyError):
        glossary["qqqq"]
    with pytest.raises(KeyError):
        glossary.entry_for("qqqq")


def test_two_entries_cannot_have_one_name() -> None:
    one = glossary["relu"]
    with pytest.raises(ValueError, match="is a name of two entries"):
        Glossary([one, Entry("other", "Other", "calculus", ("a",), ("b",), (), aliases=("ReLU",))])


# ------------------------------------------------------------------------------------------ rules and terms


def test_every_rule_that_the_forms_of_telling_name_has_an_entry() -> None:
    found = rules.named_in_the_source(ROOT / "src" / "chainrule" / "explain")
    assert {"past the sum", "chain rule", "Kronecker delta", "kept constant", "shared", "used again"} <= set(found)
    missing = {name: places for name, places in found.items() if not explained(name)}
    assert missing == {}, "give the rule to an entry of src/chainrule/explain/glossary (rules = […])"


def explained(rule: str) -> bool:
    try:
        return bool(glossary.entry_for(rule))
    except KeyError:
        return False


def told() -> Iterator[cr.Derivation]:
    network = cr.parse("h = tanh(x@w + b); mean((h - y)**2) + 0.1*sum(abs(w))", x="N d", w="d m", b="m", y="N m")
    for form in ("matrix", "components", "substitution"):
        yield cr.derive(network, ["w", "b"], form)
    yield cr.derive(cr.parse("z = x@w; a = tanh(z); E = (a@v - y)**2; E", x="2", w="2 3", v="3", y=""), "w", "deltas")
    yield cr.derive(cr.parse("sum((x.T@w)**2 * sign(w[0]))", x="3 N", w="3"), "w", "components")
    yield cr.derive(cr.parse("u = 7 + x**2; 3*u", x=""), "x", "scalar")


def test_every_rule_and_term_of_a_derivation_has_an_entry() -> None:
    seen = set()
    for derivation in told():
        for step in all_steps(derivation.steps):
            assert not step.rule or glossary.entry_for(step.rule).text, step.rule
            seen.add(step.rule)
        for term in terms(derivation):
            assert glossary.entry_for(term.entry).text, term
    assert len(seen) > 8


def terms(derivation: cr.Derivation) -> Iterator[Term]:
    for block in derivation.telling.blocks:
        for piece in getattr(block, "pieces", ()):
            if isinstance(piece, Term):
                yield piece


def test_rules_are_found_in_a_source(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(
        "from ..ir.telling import Step, Term\n"
        "class Advance:\n    after: int\n    rule: str\n    why: str\n"
        "def then(self, line, rule, why): ...\n"
        "def reason(f):\n    return ('one', 'because') if f else ('two', 'because')\n"
        "rule, why = 'three', 'because'\nrule, why = reason(1)\n"
        "Step(1, 2, 'four', 'x'); Advance(1, rule='five', why='x'); Step(1, 2, '', 'x')\n"
        "self.then(1, 'six', 'x'); Term('text', 'seven')\n"
        "rule, why = 'eight' if x else 'nine', 'because'\n"
        "def kept(x):\n    return 'ten', 'because'\n"
        "Advance(1, *kept(2))\n"
    )
    assert set(rules.named_in_the_source(tmp_path)) == {
        "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"
    }  # fmt: skip
    (tmp_path / "b.py").write_text("from .indexed import Term\nTerm(1, 'no rule')\n")
    assert "no rule" not in rules.named_in_the_source(tmp_path)
    (tmp_path / "c.py").write_text("class Step:\n    before: int\n    rule: str\nStep(1, f'{x} rule')\n")
    with pytest.raises(ValueError, match="line 4"):
        rules.named_in_the_source(tmp_path)


# ------------------------------------------------------------------------------------------ where it is read


def test_the_page_is_up_to_date() -> None:
    written = runpy.run_path(str(ROOT / "docs" / "glossary.py"))["page"]()
    assert written == (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8"), "run `python docs/glossary.py`"


def test_the_links_of_the_page_lead_somewhere() -> None:
    page = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    anchors = set(re.findall(r'<a id="([^"]+)"', page))
    assert len(anchors) == len(glossary)
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) == anchors


def test_the_files_of_the_glossary_are_read() -> None:
    files = {path.stem for path in (ROOT / "src" / "chainrule" / "explain" / "glossary").glob("*.toml")}
    assert {entry.subject for entry in glossary.values()} == files
    assert ast.literal_eval(repr(list(glossary))) == list(glossary)
