"""Stored records with typed access to their columns."""

from __future__ import annotations

from b24_sandbox.php import Map, integer, text


class Row(Map):
    """A stored record: column -> stored value, with typed access to columns."""

    __slots__ = ()

    @property
    def id(self) -> int:
        """The id of the record."""
        return integer(self["ID"])

    def integer(self, name: str) -> int:
        """The number in a column; 0 where the column is empty or was not read."""
        return integer(self.get(name))

    def text(self, name: str) -> str:
        """The text in a column; empty where the column is empty or was not read."""
        return text(self.get(name))
