"""The tool that makes mutants: each mutator does what it says, texts are left alone, and a mutant is really run."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.mutants.mutators import MUTATORS
from tests.mutants.results import equivalents, named
from tests.mutants.sites import mutants, mutated
from tests.mutants.targets import TARGETS
from tests.mutants.trial import PACKAGE, ROOT

# Mutator, a function's body, and what it makes of it.
MADE: list[tuple[str, str, set[str]]] = [
    ("other operator", "return a * b", {"a / b"}),
    ("one operand", "return a - b", {"a", "b"}),
    ("operands swapped", "return a @ b", {"b @ a"}),
    ("sign dropped", "return -a", {"a"}),
    ("sign dropped", "return not a", {"a"}),
    ("number raised", "return a + 0.5", {"1.5"}),
    ("next comparison", "return a < b", {"a <= b"}),
    ("next comparison", "return a is b", {"a is not b"}),
    ("turned comparison", "return a < b", {"a > b"}),
    ("settled condition", "return a if b else c", {"True", "False"}),
    ("settled condition", "return [x for x in a if b]", {"True"}),
    ("clause dropped", "return a and b", {"a", "b"}),
    ("and for or", "return a and b", {"a or b"}),
    ("truth value", "return f(a, alone=True)", {"False"}),
    ("arguments swapped", "return f(a, b, c)", {"f(a, c, b)"}),
    ("arguments swapped", "return isinstance(a, b)", set()),
    ("parts swapped", "return (a, b)", {"(b, a)"}),
    ("parts swapped", "return a in (b, c)", set()),
    ("call dropped", "return sin(a)", {"a"}),
    ("other name", "return call('exp', a)", {"'log'"}),
    ("other name", "return any(a)", {"all"}),
    ("statement dropped", "a.append(b)", {"pass"}),
]


@pytest.mark.parametrize(("mutator", "body", "made"), MADE, ids=[f"{m}: {b}" for m, b, _ in MADE])
def test_a_mutator_does_what_it_says(mutator: str, body: str, made: set[str]) -> None:
    source = f"def f(a, b, c):\n    {body}\n"
    found = [m for m in mutants(source, "all") if m.mutator == mutator]
    assert {m.after for m in found} == made
    for mutant in found:
        tree = mutated(source, mutant)
        compile(tree, "f.py", "exec")
        assert ast.unparse(tree) != ast.unparse(ast.parse(source))


def test_every_mutator_is_tested() -> None:
    assert {m.name for m in MUTATORS} == {name for name, _, made in MADE if made}


RECORDS = '''
"""Not 1 < 2."""
def _helper(x: int = 0) -> "1 + 1":
    """Nor 1 + 1."""
    assert x > 1, "nor this"
    if x == 3:
        raise ValueError(f"nor {x + 1}")
    return -x
def _other(x):
    return x + 1
op = register(Elementwise(name="op", ref=lambda x: x + 1, samples=((0.5, 3.0),), partials=lambda x, y: (_helper(x),)))
'''


def test_only_slopes_and_what_they_use_are_changed() -> None:
    found = mutants(RECORDS, "slopes")
    assert {(m.where, m.before, m.after) for m in found} == {
        ("_helper", "0", "1"),
        ("_helper", "x == 3", "True"),
        ("_helper", "x == 3", "False"),
        ("_helper", "3", "4"),
        ("_helper", "-x", "x"),
        ("op", "_helper(x)", "x"),
    }
    assert {m.hints for m in found} == {("op",)}


RULES = """
x, y = any_("x"), any_("y")
def _examples():
    return [1 + 2]
def _also(x):
    return x + 1
@structural("name", "Map", "why", _examples)
def rule_of_one(node, context):
    return _also(node)
TWO = rule("two", x * 2, x + x, "why", alone=True)
THREE = structural("three", "Map", "why", lambda: [1 + 2])(_also)
"""


def test_examples_and_reasons_of_rules_are_left_alone() -> None:
    found = {(m.where, m.before) for m in mutants(RULES, "all")}
    assert found == {
        ("_also", "x + 1"),
        ("_also", "1"),
        ("rule_of_one", "_also(node)"),
        ("TWO", "x * 2"),
        ("TWO", "2"),
        ("TWO", "x + x"),
        ("TWO", "True"),
    }
    assert {m.hints for m in mutants(RULES, "all") if m.where == "TWO"} == {("two",)}
    assert {m.hints for m in mutants(RULES, "all") if m.where == "rule_of_one"} == {("name",)}


TRIED = """
import json, sys
from pathlib import Path
from tests.mutants.sites import mutants, mutated
from tests.mutants.trial import PACKAGE, forked, try_mutant
import ast, os
sys.path.insert(0, str(PACKAGE.parent))
path, ids, answers = PACKAGE / "ops" / "arithmetic.py", sys.argv[2:], []
source = path.read_text()
slip = next(m for m in mutants(source, "slopes") if m.before == "number >= 0" and m.after == "number > 0")
for n, tree in enumerate((ast.parse(source), mutated(source, slip))):
    answer = Path(sys.argv[1]) / f"{n}.json"
    os.waitpid(forked(lambda: try_mutant(path, tree, ids), answer), 0)
    answers.append(json.loads(answer.read_text()))
print(json.dumps(answers))
"""


def test_a_mutant_is_killed_by_the_test_that_knows_and_the_source_itself_is_not(tmp_path: Path) -> None:
    test = "tests/ops/test_slopes_exactly.py::test_a_power_is_finite_where_its_exponent_is_0_1_2"
    ids = [f"{test}[{case}]" for case in ("0.5-True", "0.0-False")]
    done = subprocess.run(
        [sys.executable, "-c", TRIED, str(tmp_path), *ids], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    plain, wrong = json.loads(done.stdout.splitlines()[-1])
    assert plain == {"code": 0, "by": ""}
    assert wrong == {"code": 1, "by": ids[1]}


def test_what_is_listed_as_equivalent_is_still_in_the_sources() -> None:
    listed = {entry.file for entry in equivalents()}
    found = {
        file: mutants(path.read_text(), target.scope)
        for target in TARGETS
        for path in target.files()
        for file in [str(path.relative_to(PACKAGE))]
        if file in listed
    }
    for entry in equivalents():
        assert any(entry.is_of(entry.file, mutant) for mutant in found.get(entry.file, [])), entry
        assert entry.why.strip().endswith((".", ")")) is False
        assert len(entry.why) > 20


def test_two_mutants_of_a_file_have_two_names() -> None:
    for name in ("ops/linalg.py", "derive/forward.py", "simplify/rules/tidy.py"):
        scope = "slopes" if name.startswith("ops") else "all"
        keys = [key for key, _ in named(mutants((PACKAGE / name).read_text(), scope))]
        assert len(set(keys)) == len(keys) > 20
