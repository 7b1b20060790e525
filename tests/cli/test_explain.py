"""`chainrule explain`: a word of the glossary, or the list of all."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import chainrule as cr
from chainrule.cli import main


def output(*arguments: str) -> str:
    result = CliRunner().invoke(main, ["explain", *arguments])
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize("word", cr.glossary)
def test_every_word_is_explained_in_eighty_columns(word: str) -> None:
    text = output(word)
    assert text.strip() == str(cr.glossary[word])
    assert all(len(line) <= 80 for line in text.splitlines())


def test_several_words_need_no_quotes() -> None:
    assert output("why", "transpose") == output("why transpose") == output("Why transpose?")


@pytest.mark.parametrize("word", ["δ", "⊙", "∇", "½", "past the sum", "back to where we left off", "sum()", "[x > 0]"])
def test_signs_and_rules_are_explained(word: str) -> None:
    assert "Example. " in output(word)


def test_alone_it_lists_the_words() -> None:
    lines = output().splitlines()
    assert all(len(line) <= 80 for line in lines)
    listed = [line[2:33].rstrip() if len(line) > 32 else line[2:] for line in lines if line.startswith("  ")]
    assert listed == list(cr.glossary)
    assert "Sums and indices" in lines


@pytest.mark.parametrize(
    ("word", "said"),
    [("gradeint", "gradient"), ("loss function", "near it are: loss"), ("qqqq", "`chainrule explain`")],
)
def test_an_unknown_word_names_the_nearest(word: str, said: str) -> None:
    result = CliRunner().invoke(main, ["explain", word])
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output
