"""What clients write around each request is read back as acts, also where the answer's line is missing."""

import json
from pathlib import Path

from crash.history import Act, Traits, answered_line, asked_line, read_log
from crash.timeline import timeline_of

ADA = Traits("ada@example.org", "adav0", True)


def test_lines_become_acts_by_person(tmp_path: Path) -> None:
    first, second = tmp_path / "0.jsonl", tmp_path / "1.jsonl"
    lines = [
        asked_line(Act(1, "ada", "sign_up", ADA, 10.0)),
        answered_line(1, 11.0, "yes", "id-ada", "200"),
        asked_line(Act(2, "ada", "delete", None, 12.0)),
    ]
    first.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    second.write_text(json.dumps(asked_line(Act(3, "bob", "sign_up", ADA, 10.5))) + "\n")
    people = read_log([first, second])
    assert people["ada"] == [
        Act(1, "ada", "sign_up", ADA, 10.0, 11.0, "yes", "id-ada"),
        Act(2, "ada", "delete", None, 12.0),
    ]
    assert [act.kind for act in people["bob"]] == ["sign_up"]


def test_an_unanswered_request_leaves_two_possibilities_until_an_answer_settles_it() -> None:
    signed_up = Act(1, "ada", "sign_up", ADA, 10.0, 11.0, "yes", "id-ada")
    unanswered = Act(2, "ada", "delete", None, 12.0)
    assert timeline_of([signed_up, unanswered]).final == {ADA, None}
    settled = Act(3, "ada", "delete", None, 13.0, 14.0, "gone")
    timeline = timeline_of([signed_up, unanswered, settled])
    assert timeline.final == {None}
    assert timeline.may_have_agreed(12.5, 12.6)
    assert not timeline.may_have_agreed(14.5, 99.0)


def test_an_answer_that_cannot_be_is_a_contradiction() -> None:
    signed_up = Act(1, "ada", "sign_up", ADA, 10.0, 11.0, "yes", "id-ada")
    gone = Act(2, "ada", "delete", None, 12.0, 13.0, "gone")
    assert len(timeline_of([signed_up, gone]).contradictions) == 1
