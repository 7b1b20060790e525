"""The door for pictures: one drawn as an SVG document, which needs nothing beside it and runs no script."""

from __future__ import annotations

from ..ir.picture import Diagram, Drawn, Line, Plot
from .svg_even import Even
from .svg_layered import draw_layered
from .svg_plot import Framed
from .svg_scene import Scene
from .svg_text import typeset, wrapped

_CAPTION, _LEADING, _NARROWEST = 13.0, 19.0, 420.0


def draw(picture: Drawn) -> str:
    """The picture as SVG: well-formed XML, as wide as its surroundings allow up to its own width, light and dark."""
    return scene_of(picture).document(picture.title, picture.description)


def scene_of(picture: Drawn) -> Scene:
    """What is drawn, with the place of every text."""
    scene = Scene()
    match picture:
        case Diagram() if picture.even:
            Even(picture).draw(scene)
        case Diagram():
            draw_layered(picture, scene)
        case Plot():
            Framed(picture).draw(scene)
    _caption(scene, picture.caption)
    return scene


def _caption(scene: Scene, lines: tuple[Line, ...]) -> None:
    """Lines of text below, broken to the picture's width."""
    seen = scene.extent()
    widest = max(seen.right - seen.left, _NARROWEST)
    y = seen.bottom + 24
    for line in lines:
        for runs in wrapped(typeset(line.label), _CAPTION, widest):
            scene.text(seen.left, y, runs, _CAPTION, line.tone, "start")
            y += _LEADING
