"""`chainrule demo`: what it says, what it writes, and that one seed gives the same numbers."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from PIL import Image  # matplotlib brings it

import chainrule as cr
from chainrule.cli import digits, main

EPOCHS = 3


@dataclass(frozen=True)
class Done:
    output: str
    folder: Path

    @property
    def report(self) -> str:
        return (self.folder / "report.html").read_text(encoding="utf-8")


def run(folder: Path, *options: str) -> Done:
    result = CliRunner().invoke(main, ["demo", "--out", str(folder), *options])
    assert result.exit_code == 0, result.output
    return Done(result.output, folder)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Done:
    return run(tmp_path_factory.mktemp("demo") / "not" / "there", "--epochs", str(EPOCHS))


def test_the_parts_are_apart_and_stratified() -> None:
    data = digits.load(0)
    parts = (data.training, data.validation, data.test)
    assert [len(part) for part in parts] == [1257, 180, 360]
    for part in parts:
        shares = np.bincount(part.y, minlength=10) / len(part)
        assert np.ptp(shares) < 0.03
        assert (part.x.min(), part.x.max()) == (0, 1)
    rows = np.concatenate([part.x for part in parts])
    assert len(rows) == 1797
    assert len(np.unique(rows, axis=0)) == 1797


@pytest.mark.parametrize(
    "said",
    ["logits = a1 @ W2 + b2", "∂loss/∂W1 = xᵀ @ ∂loss/∂z1", "d_W1 = x.T @ d_z1", "W1  ok", "b2  ok", "of 360"],
)
def test_what_it_says(done: Done, said: str) -> None:
    assert said in done.output


def test_what_it_writes(done: Done) -> None:
    files = {"parameters.safetensors", "run.json", "history.jsonl", "loss.png", "loss.svg", "report.html"}
    assert {path.name for path in done.folder.iterdir()} == files
    rows = [json.loads(line) for line in (done.folder / "history.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert {"loss", "validation_loss", "training_accuracy", "accuracy"} <= rows[0].keys()
    assert rows[-1]["loss"] < rows[0]["loss"]
    with Image.open(done.folder / "loss.png") as picture:
        assert min(picture.size) > 300
    assert "<svg" in (done.folder / "loss.svg").read_text()


def test_it_trains_in_native_code_and_says_how_long_numpy_takes(done: Done) -> None:
    assert re.search(r"in native code: made ready in .* m?s, trained in .* m?s\n +in NumPy: trained in", done.output)
    assert json.loads((done.folder / "run.json").read_text())["config"]["engine"] == "native"
    [told] = re.findall(
        r"In NumPy the same training takes ([\d.]+) times as long once it has begun, and its last loss", done.report
    )
    assert float(told) > 0
    [rows] = re.findall(r"images a second</th>.*?<tbody>(.*?)</tbody>", done.report, flags=re.DOTALL)
    losses = re.findall(r"([\d.]+)</td></tr>", rows)
    assert len(losses) == 2
    assert float(losses[0]) == pytest.approx(float(losses[1]), rel=1e-5)


def test_without_a_compiler_it_says_so_and_trains_in_numpy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CC", "nowhere-cc")
    plain = run(tmp_path, "--epochs", "1")
    assert "in NumPy: trained in" in plain.output
    assert "not in native code: CC names 'nowhere-cc'" in plain.output
    assert "It did not run in native code: CC names" in plain.report


def test_the_saved_network_reads_as_well_as_was_said(done: Done) -> None:
    saved = cr.load(done.folder)
    assert saved.network is not None
    test = digits.load(0).test
    accuracy = saved.network.accuracy(saved.parameters, test.arrays())
    assert f"{accuracy:.2%}" in done.output
    assert f"{accuracy:.2%}" in done.report


@pytest.mark.slow
def test_the_same_seed_gives_the_same_network_and_another_seed_another(done: Done, tmp_path: Path) -> None:
    first = cr.load(done.folder).parameters
    again = cr.load(run(tmp_path / "a", "--epochs", str(EPOCHS)).folder).parameters
    other = cr.load(run(tmp_path / "b", "--epochs", "1", "--seed", "1").folder).parameters
    for name, value in first.items():
        np.testing.assert_array_equal(value, again[name])
    assert not np.array_equal(first["W1"], other["W1"])


class Page(HTMLParser):
    """Reads a page: are the tags closed in order, and does it refer to anything outside?"""

    VOID = frozenset({"meta", "img", "br", "link", "input", "hr"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[str] = []
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append(tag)
        if tag not in self.VOID:
            self.open.append(tag)
        self.references += [value or "" for name, value in attrs if name in ("src", "href", "srcset", "action", "data")]

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in self.VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_report_is_one_page_that_needs_nothing_else(done: Done) -> None:
    page = Page()
    page.feed(done.report)
    page.close()
    assert page.open == []
    assert page.references
    assert all(reference.startswith(("data:image/png;base64,", "#")) for reference in page.references)
    assert not {"script", "link", "iframe", "object", "embed"} & set(page.seen)
    style = done.report.partition("<style>")[2].partition("</style>")[0]
    assert "url(" not in style
    assert "@import" not in style
    addresses = set(re.findall(r"https?://[^\"'<\s]*", done.report))
    assert addresses <= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg"}


def test_the_report_tells_everything(done: Done) -> None:
    first, _, rest = done.report.partition('<details class="told">')
    told, heading, rest = rest.partition("<h2>The program")
    assert "δ" in told
    page = Page()
    page.feed(first + heading + rest)
    # z1, a1, logits, loss; the gradients of logits, a1, z1, and of the four parameters.
    assert page.seen.count("math") == 11
    assert page.seen.count("svg") == 3
    assert page.seen.count("img") >= 12
    for heading in ("The network", "Its gradient", "The program that ran", "Is it right?", "Training", "The test"):
        assert f"<h2>{heading}" in done.report
    reasons = re.findall(r'class="formula">.*?</div><p>(.*?)</p>', done.report)
    assert len(reasons) == 7
    assert all(reasons)
    confusion = done.report.partition('<table class="confusion">')[2].partition("</table>")[0]
    assert sum(map(int, re.findall(r"<td[^>]*>(\d+)</td>", confusion))) == 360


@pytest.mark.parametrize("missing", [["sklearn"], ["matplotlib"], ["sklearn", "matplotlib"]], ids=" ".join)
def test_what_is_not_installed_is_named(missing: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name in missing else find(name))
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert 'pip install "chainrule[data]"' in result.output
    for name in missing:
        assert {"sklearn": "scikit-learn"}.get(name, name) in result.output
    assert not (tmp_path / "out").exists()


def test_a_folder_that_is_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "is a file" in result.output


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_it_learns_to_read(seed: int, tmp_path: Path) -> None:
    test = digits.load(seed).test
    saved = cr.load(run(tmp_path, "--seed", str(seed)).folder)
    assert saved.network is not None
    assert saved.network.accuracy(saved.parameters, test.arrays()) >= 0.95
