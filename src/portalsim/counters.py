"""Figures since the start or the last reset: calls, refusals, faults, writes; and writes per second of late."""

from collections import Counter, deque
from dataclasses import dataclass, field

WINDOW_S = 60


@dataclass(slots=True)
class Counters:
    """Counts by name. `per_second` holds (second, contacts written) of the last minute."""

    by_name: Counter[str] = field(default_factory=Counter)
    per_second: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=WINDOW_S))

    def add(self, name: str, count: int = 1) -> None:
        self.by_name[name] += count

    def wrote(self, second: int, count: int) -> None:
        self.by_name["writes"] += count
        if self.per_second and self.per_second[-1][0] == second:
            count += self.per_second.pop()[1]
        self.per_second.append((second, count))

    def rates(self, now_s: int) -> list[int]:
        """Contacts written in each of the last sixty seconds, oldest first."""
        found = dict(self.per_second)
        return [found.get(second, 0) for second in range(now_s - WINDOW_S + 1, now_s + 1)]

    def reset(self) -> None:
        self.by_name.clear()
        self.per_second.clear()
