"""What the documentation shows is run: the ```python blocks of the pages, and the doctests.

A file's blocks share one namespace, in order, as a reader would type them. A block marked
```python no-run is only compiled: for code that takes long, or needs what a test has not.
"""

from __future__ import annotations

import doctest
import importlib
import re
import sys
import traceback
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src"
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted(ROOT.glob("docs/*.md"))]
"""The gallery shows functions alone; test_gallery runs those."""
FENCE = re.compile(r"^( *)(`{3,}|~{3,})\s*([^`]*)$")
EXAMPLE = re.compile(r"^\s*>>> ", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """The inside of a fence: its info string, its text, and the number of its first line."""

    info: str
    text: str
    line: int


def blocks(markdown: str) -> Iterator[Block]:
    """The fenced blocks of a page; a fence that is never closed raises ValueError."""
    lines = enumerate(markdown.splitlines(), start=1)
    for number, line in lines:
        if not (opening := FENCE.match(line)):
            continue
        indent, fence, info = opening.groups()
        inside: list[str] = []
        for _, row in lines:
            if row.strip().startswith(fence) and not row.strip().strip(fence[0]):
                break
            inside.append(row.removeprefix(indent))
        else:
            raise ValueError(f"the fence opened in line {number} is never closed")
        yield Block(" ".join(info.split()), "\n".join(inside) + "\n", number + 1)


def run_page(page: Path, module: ModuleType) -> int:
    """Run the page's Python blocks in `module`; returns how many were run."""
    ran = 0
    for block in blocks(page.read_text(encoding="utf-8")):
        if block.info not in ("python", "python no-run"):
            continue
        # Empty lines above, so that tracebacks and inspect.getsource speak of the page's own lines.
        code = compile("\n" * (block.line - 1) + block.text, str(page), "exec", dont_inherit=True)
        if block.info == "python":
            exec(code, module.__dict__)
            ran += 1
    return ran


@pytest.fixture
def page_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """An importable namespace (dataclasses and pickle look it up), in a folder of its own."""
    module = ModuleType("page")
    monkeypatch.setitem(sys.modules, "page", module)
    monkeypatch.chdir(tmp_path)
    return module


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_the_pages_examples_run(page: Path, page_module: ModuleType) -> None:
    ran = run_page(page, page_module)
    assert ran or page.name != "README.md", "the README shows no example that runs"


def sources_with_examples() -> list[str]:
    """Dotted names of our modules with a doctest, private ones too: their names are exported."""
    return [
        ".".join(path.relative_to(SOURCE).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted(SOURCE.rglob("*.py"))
        if EXAMPLE.search(path.read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("name", sources_with_examples())
def test_the_docstrings_examples_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    module = importlib.import_module(name)
    result = doctest.testmod(module, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0, "see the captured output"
    written = len(EXAMPLE.findall(Path(str(module.__file__)).read_text(encoding="utf-8")))
    assert result.attempted == written, "doctest did not find, or skipped, some of the examples"


def test_blocks_run_in_order_and_no_run_is_compiled_only(tmp_path: Path, page_module: ModuleType) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```python\nx = 1\n```\n- in a list:\n  ```python\n  x += 1\n  ```\n"
        "```python no-run\nx = 100\n```\n```sh\nx\n```\n````text\n```python\nx = 7\n```\n````\n"
    )
    assert run_page(page, page_module) == 2
    assert vars(page_module)["x"] == 2


@pytest.mark.parametrize(
    ("text", "error", "message"),
    [
        ("# page\n```python\n1 / 0\n```\n", ZeroDivisionError, "division"),
        ("# page\n```python no-run\n1 +\n```\n", SyntaxError, "page.md, line 3"),
        ("# page\n```python\nx = 1\n", ValueError, "line 2 is never closed"),
    ],
)
def test_a_wrong_page_fails(
    tmp_path: Path, page_module: ModuleType, text: str, error: type[Exception], message: str
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(error, match=message) as caught:
        run_page(page, page_module)
    if error is ZeroDivisionError:
        last = traceback.extract_tb(caught.tb)[-1]
        assert (last.filename, last.lineno) == (str(page), 3)
