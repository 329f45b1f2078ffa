"""Switches of checks that cost too much to be always on."""

from __future__ import annotations

#: whether ops on a GPU look at their indices (`ag.cuda.check_values`)
values = False
