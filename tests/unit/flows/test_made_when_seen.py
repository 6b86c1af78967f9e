"""A context costs nothing as long as nobody looks."""

from doorward.flows.made_when_seen import MadeWhenSeen


def test_it_is_made_once_and_not_before_somebody_looks() -> None:
    made: list[str] = []

    def make() -> dict[str, int]:
        made.append("made")
        return {"a": 1, "b": 2}

    context = MadeWhenSeen(make)
    assert made == []
    assert {**context, "c": 3} == {"a": 1, "b": 2, "c": 3}
    assert (context["b"], len(context), list(context)) == (2, 2, ["a", "b"])
    assert made == ["made"]
