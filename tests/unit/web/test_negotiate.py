"""Who gets JSON: the recorded decisions of Kratos."""

import pytest

from doorward.web.negotiate import accepts_json, is_json_client, media_type

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", False),
        ("*/*", False),
        ("text/html", False),
        (BROWSER, False),
        ("application/json", True),
        ("application/json, text/plain, */*", True),
        ("application/*", True),
        ("text/*", False),
        ("text/plain", False),
        ("image/png", False),
        ("application/json;q=0.9, text/html;q=0.8", True),
        ("application/json;q=0.5, text/html", False),
        ("text/html, application/json", False),
        ("application/json, text/html", False),
        ("application/json;q=0", False),
        ("application/json; charset=utf-8", False),
        ("APPLICATION/JSON", False),
        (",,,;;;q=", False),
    ],
)
def test_accept_decides(accept: str, expected: bool) -> None:
    assert accepts_json(accept) is expected


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [("application/json", True), ("application/json; charset=utf-8", False), ("text/plain", False), ("", False)],
)
def test_a_json_body_makes_a_json_client(content_type: str, expected: bool) -> None:
    assert is_json_client({"content-type": content_type, "accept": "text/html"}) is expected


def test_a_media_type_stands_without_its_parameters() -> None:
    assert media_type(" Application/JSON ; charset=utf-8") == "application/json"
