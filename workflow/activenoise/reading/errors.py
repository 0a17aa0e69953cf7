"""The one error of everything that reads a user's files."""

from __future__ import annotations


class RecordError(ValueError):
    """A track file or a track sheet that cannot be used as it is; the message is one line."""
