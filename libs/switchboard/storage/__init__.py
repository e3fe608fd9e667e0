"""
Files that are kept: in a directory, or in a bucket of S3.

    draft ──written here──▶ put ──▶ read back: the same bytes? ──▶ kept, under its name

A `Place` has files by their names. One is first written to a draft on this machine, and then put:
it is there whole or not at all, and has been read back before anybody relies on it. Neither way has
more of a file in memory than a few parts of it.

This package is the only one that knows S3 or its client.
"""

from switchboard.storage.place import CannotKeep, FileMissing, Kept, Place
from switchboard.storage.places import open_place, open_place_if_set
from switchboard.storage.settings import StorageSettings

__all__ = [
    "CannotKeep",
    "FileMissing",
    "Kept",
    "Place",
    "StorageSettings",
    "open_place",
    "open_place_if_set",
]
