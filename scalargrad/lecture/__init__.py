"""Lecture 4 of CS231n: its circuits as data, and all of them on one page that needs no internet."""

from __future__ import annotations

from .circuits import CIRCUITS, Circuit

__all__ = ["CIRCUITS", "Circuit"]
