"""The simulator's time: the machine's plus an offset, or standing still where it is told to."""

from datetime import UTC, datetime, timedelta


class VirtualClock:
    """Moves with the machine's clock until `freeze`; `advance` adds to either."""

    def __init__(self) -> None:
        self._offset = timedelta()
        self._frozen: datetime | None = None

    def now(self) -> datetime:
        return (self._frozen or datetime.now(UTC)) + self._offset

    def now_ms(self) -> int:
        """Milliseconds since 1970."""
        return int(self.now().timestamp() * 1000)

    @property
    def is_frozen(self) -> bool:
        return self._frozen is not None

    @property
    def offset_s(self) -> float:
        return self._offset.total_seconds()

    def set_to(self, moment: datetime) -> None:
        self._offset += moment - self.now()

    def reset(self) -> None:
        self._offset, self._frozen = timedelta(), None

    def advance(self, seconds: float) -> None:
        self._offset += timedelta(seconds=seconds)

    def freeze(self) -> None:
        self._frozen, self._offset = self.now(), timedelta()

    def thaw(self) -> None:
        """Goes on from where it stands."""
        if self._frozen is not None:
            self._offset += self._frozen - datetime.now(UTC)
            self._frozen = None


def iso(moment: datetime) -> str:
    """`2026-03-02T10:11:12.345Z`: HubSpot writes milliseconds."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def iso_ms(value_ms: int) -> str:
    return iso(from_ms(value_ms))


def from_ms(value_ms: int) -> datetime:
    return datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=value_ms)
