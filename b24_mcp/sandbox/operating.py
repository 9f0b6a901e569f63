"""How long each method has worked in the last ten minutes: ``time.operating``."""

WINDOW = 600.0
# Shorter calls are not charged.
THRESHOLD = 0.1


class Operating:
    """Seconds of work by method, forgotten after :data:`WINDOW`."""

    def __init__(self) -> None:
        self._spent: dict[str, list[tuple[float, float]]] = {}

    def charge(self, method: str, moment: float, seconds: float) -> float:
        """Note a call of ``method`` that took ``seconds``; returns what is spent now."""
        spent = [entry for entry in self._spent.get(method, ()) if entry[0] > moment - WINDOW]
        if seconds > THRESHOLD:
            spent.append((moment, seconds))
        self._spent[method] = spent
        return sum(entry[1] for entry in spent)
