"""Maps with typed access to their values: stored records and the parameters of calls."""

from __future__ import annotations

from b24_sandbox.php import Map, Value, as_list, as_map, integer, text


class TypedMap(Map):
    """Values by name. A missing value is 0 or empty."""

    __slots__ = ()

    def integer(self, name: str) -> int:
        """The number of a name."""
        return integer(self.get(name))

    def text(self, name: str) -> str:
        """The text of a name."""
        return text(self.get(name))


class Row(TypedMap):
    """A stored record: column -> stored value. A column that was not read is empty."""

    __slots__ = ()

    @property
    def id(self) -> int:
        """The id of the record."""
        return integer(self["ID"])


class Sent(TypedMap):
    """Sent values: name -> value as it came in."""

    __slots__ = ()

    def inner(self, name: str) -> Sent:
        """The map of a name."""
        return Sent(as_map(self.get(name)))

    def many(self, name: str) -> list[Value]:
        """The values of a list, or the only value."""
        return as_list(self.get(name))

    def integers(self, name: str) -> list[int]:
        """The values of a list as numbers."""
        return [integer(item) for item in as_list(self.get(name))]

    def texts(self, name: str) -> list[str]:
        """The values of a list as text."""
        return [text(item) for item in as_list(self.get(name))]
