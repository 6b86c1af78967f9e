"""How many claims of one lane have not begun to send all of their rows."""


class Slots:
    """The count of one lane."""

    def __init__(self) -> None:
        self.ahead = 0


class Course:
    """One claim's part in the count, from claiming until the last of its batches has its turn."""

    def __init__(self, slots: Slots) -> None:
        self._slots = slots
        self._unsent = 0
        self._is_ahead = True
        slots.ahead += 1

    def expect(self, batches: int) -> None:
        """Preparing is over; so many batches are left to send."""
        self._unsent = batches
        if batches == 0:
            self.end()

    def began(self) -> None:
        """One more batch has its turn."""
        self._unsent -= 1
        if self._unsent <= 0:
            self.end()

    def end(self) -> None:
        """Nothing of it is ahead any more, however it ended. May be repeated."""
        if self._is_ahead:
            self._is_ahead = False
            self._slots.ahead -= 1
