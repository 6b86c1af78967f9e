"""Lifecycle stages move forward only; to go back a contact is cleared first and set in a second call."""

from portalsim.standard import STAGES

ORDER = {name: place for place, (name, _) in enumerate(STAGES)}


def is_backward(old: str, new: str) -> bool:
    """A custom stage (its name is a number) has no place in the order and is never backward."""
    if not old or not new or old not in ORDER or new not in ORDER:
        return False
    return ORDER[new] < ORDER[old]
