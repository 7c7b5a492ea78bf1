"""Pictures fit where they stand: no wider than a page, and nothing on them too small to read."""

from __future__ import annotations

import pytest
from conftest import lecture, multi_layer, sigmoid_neuron, staged, svm_loss

from scalargrad import draw, page

pytest.importorskip("selenium", reason="how a picture stands on a page is tested in a browser: pip install selenium")
from test_page_browser import Browser, chromium  # noqa: E402, F401

FIGURES = {make.__name__: make for make in (lecture, staged, sigmoid_neuron, svm_loss, multi_layer)}
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
def test_it_fits_on_the_stepper_page_too(screen, name):
    screen.size(850, 800)
    screen.open(page(FIGURES[name]()))
    assert screen.run(BEYOND, "#picture") == 0 and screen.run(SMALLEST, "#picture") >= LEAST


def test_on_a_phone_it_can_be_read_and_the_frame_scrolls(screen, tmp_path):
    screen.size(375, 700)
    shown_in_a_frame(screen, draw(sigmoid_neuron()).svg, tmp_path)
    assert screen.run(BEYOND, "#frame") > 0 and screen.run(SMALLEST, "#frame") >= LEAST


def test_a_small_picture_is_not_blown_up(screen, tmp_path):
    screen.size(1900, 800)
    shown_in_a_frame(screen, draw(lecture()).svg, tmp_path)
    assert screen.run("return document.querySelector('svg').getBoundingClientRect().width") < 700
