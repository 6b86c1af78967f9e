"""How much one lane has under way: batches in flight, and claims that have not begun to send."""


class Slots:
    """Counts of one lane."""

    def __init__(self) -> None:
        self.in_flight = 0
        self.ahead = 0


class Course:
    """One claim's part in the counts, from claiming to the end of its last batch."""

    def __init__(self, slots: Slots, batches: int) -> None:
        """`batches` is what the claim can become at most."""
        self._slots = slots
        self._unfinished = batches
        self._unsent = batches
        self._is_ahead = True
        slots.in_flight += batches
        slots.ahead += 1

    def expect(self, batches: int) -> None:
        """Preparing is over; so many batches are left to send."""
        self._slots.in_flight += batches - self._unfinished
        self._unfinished = self._unsent = batches
        if batches == 0:
            self._catch_up()

    def began(self) -> None:
        """One more batch has its turn."""
        self._unsent -= 1
        if self._unsent <= 0:
            self._catch_up()

    def finished(self) -> None:
        """One more batch is settled."""
        self._unfinished -= 1
        self._slots.in_flight -= 1

    def end(self) -> None:
        """Nothing is left of it, however it ended."""
        self._slots.in_flight -= self._unfinished
        self._unfinished = 0
        self._catch_up()

    def _catch_up(self) -> None:
        if self._is_ahead:
            self._is_ahead = False
            self._slots.ahead -= 1
