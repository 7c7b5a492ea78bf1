"""Practice without end: a page of random circuits, whose gradients are asked for."""

from __future__ import annotations

from .levels import LEVELS, Level
from .page import practice_html, save_practice

__all__ = ["LEVELS", "Level", "practice_html", "save_practice"]
