"""The demo's report: one HTML file that needs nothing beside it, made of what an Experiment holds."""

from __future__ import annotations

from html import escape
from pathlib import Path

from .experiment import Experiment
from .markup import curves, picture, python, table
from .terminal import duration
from .trainings import NAMES

SHOWN, MOST_MISSED = 12, 24

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
</body>
</html>
"""


def page(done: Experiment) -> str:
    """The whole report."""
    parts = [
        _opening(done), _network(done), _gradient(done), _program(done), _check(done), _training(done), _test(done),
        _images(done), _closing(done),
    ]  # fmt: skip
    style = Path(__file__).with_name("report.css").read_text(encoding="utf-8")
    return _PAGE.format(title="A network that reads digits", style=style, body="\n".join(parts))


def _opening(done: Experiment) -> str:
    test = done.digits.test
    facts = [
        (f"{done.accuracy:.1%}", f"of {len(test)} test images recognised"),
        (f"{done.parameters:,}", "parameters"),
        (f"{len(done.history)}", f"epochs over {len(done.digits.training):,} images"),
        (duration(done.trainings.timed[0].epochs), f"of training, in {NAMES[done.trainings.timed[0].engine]}"),
    ]
    cells = "".join(f"<div><b>{escape(value)}</b><span>{escape(what)}</span></div>" for value, what in facts)
    return f"""<h1>A network that reads digits</h1>
<p class="lead">A loss was written in a few lines of NumPy. Its gradient was derived, simplified and printed; what was
printed was checked, and then trained a network on images of handwritten digits. Here is each step.</p>
<div class="facts">{cells}</div>"""


def _network(done: Experiment) -> str:
    first, *hidden, last = done.sizes
    units = " and ".join(map(str, hidden))
    lines = "".join(f'<div class="formula"><div class="wide">{formula}</div></div>\n' for formula in done.forward)
    return f"""<h2>The network and its loss</h2>
<p>An image is a row of {first} numbers, its pixels. It goes through a layer of {units} units, which are zero where they
would be negative, to {last} numbers, one for each digit. The loss is the cross-entropy: how surprised the network is by
the right answer, averaged over the images.</p>
<figure>{done.drawing}</figure>
{lines}"""


def _gradient(done: Experiment) -> str:
    lines = "".join(
        f'<div class="formula"><div class="wide">{line.formula}</div><p>{escape(line.why)}</p></div>\n'
        for line in done.backward
    )
    return f"""<h2>Its gradient</h2>
<p>The chain rule, from the loss backwards. What one line finds the next one uses, so that nothing is worked out twice.
⊙ multiplies entry by entry; onehot(y) has a one at each right digit; a condition in brackets is 1 where it holds and 0
elsewhere.</p>
{lines}<details class="told"><summary>Every step for {next(iter(done.shapes))}, entry by entry</summary>
<div class="wide">{done.steps}</div></details>"""


def _program(done: Experiment) -> str:
    return f"""<h2>The program that ran</h2>
<p>The same formulas as NumPy. Training runs this text, with the optimiser's update below it; nothing else is between
the formula and the numbers, and it works without chainrule.</p>
{python(done.source)}"""


def _check(done: Experiment) -> str:
    rows = [
        (
            c.name,
            "×".join(map(str, done.shapes[c.name])),
            f"{min(c.checked, c.size)} of {c.size}",
            f"{c.max_error:.1e}",
        )
        for c in done.check
    ]
    verdict = "They agree." if all(c.ok for c in done.check) else "They do not agree: the gradient is wrong."
    return f"""<h2>Is it right?</h2>
<p>Each gradient was compared with differences of the loss itself, which know nothing of the derivation: entry by entry,
of large arrays some entries drawn at random, and along random directions through all of them. Errors are relative to
the largest entry. <strong>{verdict}</strong></p>
<p>Besides, both sides of every line of the derivation were evaluated at random points: they differ by at most
{done.deviation:.0e} of their size, which is rounding.</p>
{table(["parameter", "shape", "compared", "largest error"], rows)}"""


def _training(done: Experiment) -> str:
    def series(training: str, validation: str) -> dict[str, list[float]]:
        return {
            "training": [row[training] for row in done.history],
            "validation": [row[validation] for row in done.history],
        }

    charts = [
        curves("cross-entropy loss", series("loss", "validation_loss")),
        curves("accuracy", series("training_accuracy", "accuracy"), percent=True),
    ]
    return f"""<h2>Training</h2>
<p>In every epoch the network sees each training image once. The validation images are only watched: where their curve
turns up while the other falls, the network learns by heart.</p>
<div class="charts">{"".join(charts)}</div>
{table(["setting", "value"], list(done.settings.items()))}
{_engines(done)}"""


def _engines(done: Experiment) -> str:
    """How long it took in native code, against NumPy."""
    timed = done.trainings.timed
    samples = len(done.history) * len(done.digits.training)
    rows = [
        (NAMES[t.engine], duration(t.ready), duration(t.epochs), f"{samples / t.epochs:,.0f}", f"{t.loss:.6g}")
        for t in timed
    ]
    told = table(["run by", "made ready in", "trained in", "images a second", "last loss"], rows)
    if len(timed) == 2:
        native, plain = timed
        why = (
            f"The step, its gradient and the optimiser's update were written as one C program and compiled; what was "
            f"compiled is kept for the next time. In NumPy the same training takes {plain.epochs / native.epochs:.1f} "
            f"times as long once it has begun, and its last loss {_compared(native.loss, plain.loss)}."
        )
    else:
        why = f"It did not run in native code: {done.trainings.why_numpy}." if done.trainings.why_numpy else ""
    return f"<p>{escape(why)}</p>\n{told}"


def _compared(one: float, other: float) -> str:
    return (
        f"differs by {abs(one - other) / abs(one):.0e} of its size" if one != other else "is the same to the last digit"
    )


def _test(done: Experiment) -> str:
    counts = done.confusion()
    head = "".join(f'<th scope="col">{digit}</th>' for digit in range(10))
    rows = ""
    for digit, row in enumerate(counts.tolist()):
        cells = "".join(_cell(count, n == digit, count / max(1, sum(row))) for n, count in enumerate(row))
        rows += f'<tr><th scope="row">{digit}</th>{cells}</tr>\n'
    right, total = len(done.digits.test) - len(done.missed), len(done.digits.test)
    return f"""<h2>The test</h2>
<p>{right} of {total} images that the network had never seen are recognised: <strong>{done.accuracy:.2%}</strong>. Rows
are what an image shows, columns what the network took it for.</p>
<table class="confusion"><thead><tr><th></th>{head}</tr></thead>
<tbody>{rows}</tbody></table>"""


def _cell(count: int, right: bool, share: float) -> str:
    if not count:
        return '<td class="none">0</td>'
    style = f' style="--share:{share:.2f}"'
    return f"<td{style}>{count}</td>" if right else f'<td class="wrong"{style}>{count}</td>'


def _images(done: Experiment) -> str:
    missed = done.missed.tolist()
    shown = "".join(_image(done, n) for n in range(min(SHOWN, len(done.digits.test))))
    first = f'<h3>The first {SHOWN} test images</h3>\n<div class="images">{shown}</div>'
    if not missed:
        return f"{first}\n<p>None was missed.</p>"
    few = missed[:MOST_MISSED]
    title = "Those it missed" if len(few) == len(missed) else f"{len(few)} of the {len(missed)} it missed"
    pictures = "".join(_image(done, n) for n in few)
    return f'{first}\n<h3>{title}</h3>\n<div class="images">{pictures}</div>'


def _image(done: Experiment, n: int) -> str:
    """A test image with what the network took it for, how sure it was, and what it is."""
    digit, taken = int(done.digits.test.y[n]), int(done.predictions[n])
    article = "an" if digit == 8 else "a"
    sure = f"{done.probabilities[n, taken]:.0%}"
    label = f"<b>{taken}</b> {sure}"
    if taken != digit:
        label = f'<b class="wrong">{taken}</b> {sure}<br>it is {article} {digit}'
    drawing = picture(done.digits.test.x[n].reshape(8, 8), f"{article} {digit}, by hand")
    return f"<figure>{drawing}<figcaption>{label}</figcaption></figure>\n"


def _closing(done: Experiment) -> str:
    rows = [(name, duration(value)) for name, value in done.seconds.items()]
    versions = ", ".join(f"{name} {version}" for name, version in done.versions.items())
    return f"""<h2>How long it took</h2>
{table(["part", "time"], rows)}
<footer class="note">Digits: E. Alpaydin and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning
Repository, 1998, as scikit-learn carries them. Made with {escape(versions)}.</footer>"""
