"""Messages as people read them: built-in words for every template, the operator's own, and what must not happen."""

from typing import Any

import pytest

from doorward.courier.model import Channel, TemplateType, template_data
from doorward.courier.rendering import MessageRenderer, Overrides, values_of
from doorward.courier.sandbox import BrokenTemplate, GoTemplate, MessageSandbox

CODE, URL = "482913", "https://id.example.org/self-service/recovery?token=abc&flow=def"


class Texts:
    """Own templates by name."""

    def __init__(self, **texts: str) -> None:
        self._texts = texts

    async def load(self, uri: str) -> str:
        return self._texts[uri]


def data_of(template: TemplateType) -> dict[str, Any]:
    wants_code = "code" in template and template.endswith("_valid")
    wants_url = template in (TemplateType.RECOVERY_VALID, TemplateType.VERIFICATION_VALID)
    return template_data(
        template,
        "ada@example.org",
        code=CODE if wants_code else None,
        url=URL if wants_url else None,
        request_url="https://id.example.org/self-service/x",
        lifespan_s=900,
    )


@pytest.mark.parametrize("template", list(TemplateType))
async def test_every_message_has_words(template: TemplateType) -> None:
    data = data_of(template)
    written = await MessageRenderer({}, Texts()).render(template, Channel.EMAIL, data)
    assert written.subject
    assert "\n" not in written.subject
    assert "{" not in written.subject + written.plain
    for name, value in data.items():
        if name.endswith(("_code", "_url")) and name != "request_url":
            assert value in written.plain
            assert value.replace("&", "&amp;") in written.html
    if "expires_in_minutes" in data and f"{template.flow}_code" in data:
        assert "15 minutes" in written.plain


@pytest.mark.parametrize("template", [each for each in TemplateType if "code_valid" in each])
async def test_phones_can_fill_in_the_code(template: TemplateType) -> None:
    """The last line is `@domain #code` (https://wicg.github.io/sms-one-time-codes)."""
    written = await MessageRenderer({}, Texts()).render(template, Channel.SMS, data_of(template))
    assert written.plain.splitlines()[-1] == f"@id.example.org #{CODE}"
    assert written.html == ""


async def test_own_templates_take_the_place_of_single_texts() -> None:
    template = TemplateType.RECOVERY_CODE_VALID
    own = {template: Overrides(subject="subject", html="html")}
    source = Texts(subject="{{ RecoveryCode }} ist Ihr\nCode", html="<b>{{ identity.traits.name }}</b>")
    data = data_of(template) | {"identity": {"traits": {"name": "<script>Ada</script>"}}}
    written = await MessageRenderer(own, source).render(template, Channel.EMAIL, data)
    assert written.subject == f"{CODE} ist Ihr Code"
    assert written.html == "<b>&lt;script&gt;Ada&lt;/script&gt;</b>"
    assert CODE in written.plain


def test_names_are_those_of_go_templates_too() -> None:
    values = values_of(
        template_data(TemplateType.RECOVERY_VALID, "a@b.c", url=URL, request_url="https://id.example.org/x")
    )
    assert values["RecoveryURL"] == values["recovery_url"] == URL
    assert values["RequestURLDomain"] == values["request_url_domain"] == "id.example.org"
    assert values["To"] == "a@b.c"


@pytest.mark.parametrize(
    "text",
    [
        "{{ .RecoveryCode }}",
        "{{- .To -}}",
        '{{ define "af-ZA" }}Hallo{{ end }}',
        '{{ if eq .lang "af" }}x{{ else }}y{{ end }}',
        "{{ range $i, $x := .Identity }}{{ end }}",
        '{{ template "x" . }}',
        "{{/* a comment */}}",
        '{{ printf "%s" .To }}',
    ],
)
def test_a_go_template_is_told_apart(text: str) -> None:
    with pytest.raises(GoTemplate, match="Jinja2"):
        MessageSandbox().check(text)


@pytest.mark.parametrize(
    "text", ["{{ To }}", "{% if x %}a{% endif %}", "{{ ifx }}", "{{ index }}", "{{ end_date }}", ""]
)
def test_jinja_is_not_taken_for_go(text: str) -> None:
    MessageSandbox().check(text)


@pytest.mark.parametrize(
    "text",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ minutes.__globals__ }}",
        "{{ To.__init__ }}",
        "{{ self.__dict__ }}",
    ],
)
def test_a_template_cannot_reach_python(text: str) -> None:
    try:
        written = MessageSandbox().render(text, {"To": "x"})
    except BrokenTemplate:
        return
    assert written == ""


@pytest.mark.parametrize(
    "text",
    ["{% for a in 'x' * 1000 %}{{ 'y' * 1000 }}{% endfor %}", "{{ 1 / 0 }}", "{% if %}", "{{ x | no_such_filter }}"],
)
def test_what_fails_is_told_without_values(text: str) -> None:
    with pytest.raises(BrokenTemplate) as told:
        MessageSandbox().render(text, {"x": "secret-code"})
    assert "secret-code" not in str(told.value)


def test_an_unknown_name_is_empty() -> None:
    assert MessageSandbox().render("[{{ Traits.name.first }}{{ Traits['name']['last'] }}]", {}) == "[]"


def test_a_text_is_escaped_in_html_only_whichever_came_first() -> None:
    sandbox = MessageSandbox()
    for _ in range(2):
        assert sandbox.render("{{ x }}", {"x": "<"}) == "<"
        assert sandbox.render("{{ x }}", {"x": "<"}, is_html=True) == "&lt;"
