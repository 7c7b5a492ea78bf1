"""Every label of a picture on its own wire, there where no other wire crosses it.

Graphviz gives a label a place beside its wire, so that at a gate with many inputs it stands by its neighbour's.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from functools import cached_property, partial

from ..text import width
from .dot import COURIER

SVG = "{http://www.w3.org/2000/svg}"
ROOM = (4.0, 0.0, -2.0)  # points around a label
STEPS = 10  # into which a curve is divided to find a place on it
MOVES = 40  # into which it is divided to find one that is free for a label
Point = tuple[float, float]
Box = tuple[float, float, float, float]  # left, top, right, bottom
Blocks = Callable[[Box], bool]  # whether something is in the way of a box


class Wire:
    """A path as Graphviz draws it: Bezier curves, each beginning where the last one ends.

    A place on it is a number: 0.5 is the middle of the first curve.
    """

    def __init__(self, path: str):
        self._knots = _points(path)
        self._count = len(self._knots) // 3
        self._curves = [_Curve(self._knots[3 * i : 3 * i + 4]) for i in range(self._count)]
        self.box = _around(self._knots)

    def places(self, steps: int = STEPS) -> list[float]:
        """From its beginning to its end, so many on each curve and one more."""
        return [i / steps for i in range(steps * self._count + 1)]

    def at(self, place: float) -> Point:
        return self._on_axis(place, 0), self._on_axis(place, 1)

    def level(self, middle: Point, axis: int) -> float:
        """The place that is level with a point: along this axis, no other is nearer."""

        def distance(place: float) -> float:
            return abs(self._on_axis(place, axis) - middle[axis])

        near, fine = min(self.places(), key=distance), [i / STEPS**2 for i in range(1 - STEPS, STEPS)]
        return min([near + by for by in fine if 0 <= near + by <= self._count], key=distance)

    def crosses(self, box: Box) -> bool:
        """Whether it does; a curve stays among its knots, and so does each half of it."""
        curves = [*self._curves]
        while curves:
            curve = curves.pop()
            if _overlap(curve.box, box):
                if curve.is_short or curve.ends_in(box):
                    return True
                curves += curve.halves
        return False

    def _on_axis(self, place: float, axis: int) -> float:
        curve = min(int(place), self._count - 1)
        t, (a, b, c, d) = place - curve, [knot[axis] for knot in self._knots[3 * curve : 3 * curve + 4]]
        return (1 - t) ** 3 * a + 3 * (1 - t) ** 2 * t * b + 3 * (1 - t) * t**2 * c + t**3 * d


class _Curve:
    """A Bezier curve of four knots; its halves are kept, since many labels ask for them."""

    def __init__(self, knots: Sequence[Point]):
        self._knots = knots
        self.box = left, top, right, bottom = _around(knots)
        self.is_short = right - left + bottom - top < 1

    def ends_in(self, box: Box) -> bool:
        x, y = self._knots[3]
        return box[0] <= x <= box[2] and box[1] <= y <= box[3]

    @cached_property
    def halves(self) -> tuple[_Curve, _Curve]:
        """As de Casteljau cuts it."""
        a, b, c, d = self._knots
        ab, bc, cd = _middle(a, b), _middle(b, c), _middle(c, d)
        abc, bcd = _middle(ab, bc), _middle(bc, cd)
        middle = _middle(abc, bcd)
        return _Curve([a, ab, abc, middle]), _Curve([middle, bcd, cd, d])


class Label:
    """The text of a wire, first at the place that is level with where Graphviz put it.

    box: what it covers, with its patch, which hides the wire behind it.
    reach: what it may cover, with room around, wherever it is moved to.
    """

    def __init__(self, text: ET.Element, wire: Wire, upright: bool):
        self._text, self._wire = text, wire
        self._size = float(text.get("font-size", 0))
        middle = float(text.get("x", 0)), float(text.get("y", 0)) - self._size / 4
        self._place = wire.level(middle, upright)
        self._half = COURIER * self._size * (width(text.text or "") + 0.6) / 2, 0.6 * self._size
        self.box = self._box_at(self._place)
        self.reach = _widened(self._with_text_around(wire.box), max(ROOM))

    def move(self, is_free: Callable[[Box], bool]) -> None:
        """Along its wire, as little as it takes to be free with some room around; with less room, if there is none."""
        rooms, best = list(ROOM), self._place
        for place in [best, *sorted(self._wire.places(MOVES), key=lambda place: abs(place - self._place))]:
            box = self._box_at(place)
            while rooms and is_free(_widened(box, rooms[-1])):  # first the least: most places have not even that
                rooms.pop()
                best = place
            if not rooms:
                break
        self._place, self.box = best, self._box_at(best)

    def put(self, group: ET.Element) -> None:
        """Writes where it is, and its patch, into its group."""
        x, y = self._wire.at(self._place)
        self._text.set("x", f"{x:.2f}")
        self._text.set("y", f"{y + self._size / 4:.2f}")
        left, top, right, bottom = self.box
        patch = {"x": left, "y": top, "width": right - left, "height": bottom - top}
        written = {name: f"{number:.2f}" for name, number in patch.items()}
        group.insert([*group].index(self._text), ET.Element(f"{SVG}rect", {**written, "fill": "white"}))

    def _box_at(self, place: float) -> Box:
        return self._with_text_around(self._wire.at(place) * 2)

    def _with_text_around(self, middles: Box) -> Box:
        """What the text covers whose middle is somewhere in a box."""
        (left, top, right, bottom), (wide, high) = middles, self._half
        return left - wide, top - high, right + wide, bottom + high


def put_on_wires(tree: ET.Element, upright: bool) -> None:
    """Moves each label of an SVG level onto its wire and, where it would cover something else there, along its wire.

    upright: whether wires lead down or up.
    """
    parts = [(group, group.find(f"{SVG}path"), group.find(f"{SVG}text")) for group in tree.iter(f"{SVG}g")]
    wires = {group: Wire(path.get("d", "")) for group, path, _ in parts if path is not None and _is(group, "edge")}
    labels = {g: Label(text, wires[g], upright) for g, _, text in parts if text is not None and g in wires}
    shapes = [shape_of(group) for group, _, _ in parts if _is(group, "node")]
    for group, label in labels.items():
        others = [*shapes, *[other.box for other in labels.values() if other is not label]]
        near: list[Blocks] = [partial(_overlap, box) for box in others if _overlap(box, label.reach)]
        rest = [wire for other, wire in wires.items() if other is not group and _overlap(wire.box, label.reach)]
        crossing: list[Blocks] = [wire.crosses for wire in rest]
        label.move(partial(_is_free, near, crossing))
        label.put(group)


def _is_free(shapes: list[Blocks], wires: list[Blocks], box: Box) -> bool:
    return not _is_blocked(shapes, box) and not _is_blocked(wires, box)


def _is_blocked(obstacles: list[Blocks], box: Box) -> bool:
    """Whether one is in the way; it then comes first, since mostly it is in the way at the next place too."""
    for i, blocks in enumerate(obstacles):
        if blocks(box):
            obstacles.insert(0, obstacles.pop(i))
            return True
    return False


def _is(group: ET.Element, kind: str) -> bool:
    return group.get("class", "").startswith(kind)


def shape_of(node: ET.Element) -> Box:
    """What the shape of a node covers; for one without a shape, its middle."""
    for shape in node:
        if shape.tag == f"{SVG}ellipse":
            x, y, wide, high = (float(shape.get(name, 0)) for name in ("cx", "cy", "rx", "ry"))
            return x - wide, y - high, x + wide, y + high
        if shape.tag in (f"{SVG}polygon", f"{SVG}path"):
            return _around(_points(shape.get("points", shape.get("d", ""))))
    return _around([(float(text.get("x", 0)), float(text.get("y", 0))) for text in node.iter(f"{SVG}text")])


def _points(text: str) -> list[Point]:
    return [(float(x), float(y)) for x, y in re.findall(r"(-?[\d.]+),(-?[\d.]+)", text)]


def _middle(one: Point, other: Point) -> Point:
    return (one[0] + other[0]) / 2, (one[1] + other[1]) / 2


def _around(points: Sequence[Point]) -> Box:
    xs, ys = zip(*points)
    return min(xs), min(ys), max(xs), max(ys)


def _widened(box: Box, by: float) -> Box:
    left, top, right, bottom = box
    return left - by, top - by, right + by, bottom + by


def _overlap(one: Sequence[float], other: Sequence[float]) -> bool:
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]
