"""Pictures fit where they stand: no wider than a page, and nothing on them too small to read."""

from __future__ import annotations

import re

import pytest
from conftest import FIGURES, lecture, sigmoid_neuron

from scalargrad import draw, page
from scalargrad.text import number_text

pytest.importorskip("selenium", reason="how a picture stands on a page is tested in a browser: pip install selenium")
from test_page_browser import Browser, chromium  # noqa: E402, F401

LEAST = 9.0  # pixels
SMALLEST = """
    const texts = [...document.querySelectorAll(arguments[0] + ' text')].filter(text => text.checkVisibility());
    return Math.min(...texts.map(text => text.getScreenCTM().d * parseFloat(getComputedStyle(text).fontSize)));
"""
BEYOND = "const it = document.querySelector(arguments[0]); return it.scrollWidth - it.clientWidth"


@pytest.fixture
def screen(chromium, tmp_path):  # noqa: F811
    opened = Browser(chromium, tmp_path)
    opened.media()
    return opened


def shown_in_a_frame(screen, svg, folder):
    path = folder / "frame.html"
    style = "body { margin: 0 } #frame { overflow: auto }"
    head = f'<!doctype html><meta charset="utf-8"><link rel="icon" href="data:,"><style>{style}</style>'
    path.write_text(f'{head}<div id="frame">{svg}</div>', encoding="utf-8")
    screen.open(path)


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_of_the_lecture_fits_850_pixels_and_can_be_read(screen, name, tmp_path):
    root = FIGURES[name]()
    root.backward()
    screen.size(850, 800)
    shown_in_a_frame(screen, draw(root).svg, tmp_path)
    assert screen.run(BEYOND, "#frame") == 0 and screen.run(SMALLEST, "#frame") >= LEAST


@pytest.mark.parametrize("name", FIGURES)
def test_it_fits_on_the_stepper_page_too_as_recorded_and_taken_apart(screen, name):
    screen.size(850, 800)
    screen.open(page(FIGURES[name]()))
    for _ in range(screen.run("return circuitsAlive.length")):
        assert screen.run(BEYOND, "#picture") == 0 and screen.run(SMALLEST, "#picture") >= LEAST
        screen.run("if (circuitsAlive.length > 1) choose(1)")


EXTREMES = (-8.88888888e-308, -1.2345678e-200, 2.2222222e300, -12345.678, 0.1)
COVERED = """
    const at = (e) => e.getBoundingClientRect(), [x] = inputsOf(circuit), picture = pictures[shown];
    change(x, arguments[0]);
    const apart = (a, b) => a.right <= b.left || b.right <= a.left || a.bottom <= b.top || b.bottom <= a.top;
    const shapes = [...picture.querySelectorAll(".value > :is(path, polygon), .gate > ellipse")].map(at);
    const outside = [...picture.querySelectorAll(".value")].filter((value) => {
      const box = at(value.querySelector("path, polygon"));
      return [...value.querySelectorAll("text")].map(at).some((text) => text.left < box.left || text.right > box.right);
    });
    const covers = (text) => shapes.some((shape) => !apart(at(text), shape));
    const covering = [...picture.querySelectorAll(".edge text")].filter(covers);
    return [...outside, ...covering].map((element) => element.textContent);
"""
SHOWN = """
    go(Infinity, true);
    return circuit.values.map(({ box, data, grad, texts: [title, , ...shown] }) =>
      [title.textContent.split("\\n").slice(1), [data, grad], shown.map((text) => text.textContent)]);
"""


@pytest.mark.parametrize("name", FIGURES)
def test_whatever_number_a_reader_gives_has_room_and_is_told_in_full(screen, name):
    screen.size(1280, 800)
    screen.open(page(FIGURES[name]()))
    for both in range(screen.run("return circuitsAlive.length")):
        screen.run("choose(arguments[0])", both)
        for number in EXTREMES:
            assert screen.run(COVERED, number) == []
            if screen.run("return circuit.failure"):
                continue
            for title, full, shown in screen.run(SHOWN):
                assert title == full
                for text, short in zip(full, shown):
                    digits = len(re.sub(r"e.*|^-?0*\.?0*|\.|-", "", short)) or 1
                    assert short == text or short == number_text(float(text), digits), (text, short)


def test_on_a_phone_it_can_be_read_and_the_frame_scrolls(screen, tmp_path):
    screen.size(375, 700)
    shown_in_a_frame(screen, draw(sigmoid_neuron()).svg, tmp_path)
    assert screen.run(BEYOND, "#frame") > 0 and screen.run(SMALLEST, "#frame") >= LEAST


def test_a_small_picture_is_not_blown_up(screen, tmp_path):
    screen.size(1900, 800)
    shown_in_a_frame(screen, draw(lecture()).svg, tmp_path)
    assert screen.run("return document.querySelector('svg').getBoundingClientRect().width") < 700
