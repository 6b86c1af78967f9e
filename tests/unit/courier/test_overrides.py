"""The operator's own templates: where they are read from, and what is told of wrong ones."""

import base64
from pathlib import Path

from doorward.config.model_courier import CourierConfig
from doorward.courier.model import TemplateType
from doorward.courier.overrides import check_overrides, read_overrides


def inline(text: str) -> str:
    return "base64://" + base64.b64encode(text.encode()).decode()


def test_texts_of_the_configuration() -> None:
    config = CourierConfig(
        templates={
            "recovery_code": {
                "valid": {
                    "email": {"subject": inline("s"), "body": {"html": inline("h"), "plaintext": inline("p")}},
                    "sms": {"body": {"plaintext": inline("t")}},
                }
            },
            "verifiable_address_changed": {"email": {"subject": inline("c")}},
        }
    )
    assert list(check_overrides(config)) == []
    found = read_overrides(config)
    own = found[TemplateType.RECOVERY_CODE_VALID]
    assert (own.subject, own.html, own.plain, own.sms) == (inline("s"), inline("h"), inline("p"), inline("t"))
    assert found[TemplateType.ADDRESS_CHANGED].subject == inline("c")
    assert set(found) == {TemplateType.RECOVERY_CODE_VALID, TemplateType.ADDRESS_CHANGED}


def test_texts_of_a_folder(tmp_path: Path) -> None:
    folder = tmp_path / "verification" / "valid"
    folder.mkdir(parents=True)
    (folder / "email.subject.jinja").write_text("Hello {{ To }}")
    (folder / "email.body.plaintext.jinja").write_text("Hello")
    config = CourierConfig(template_override_path=str(tmp_path))
    assert list(check_overrides(config)) == []
    own = read_overrides(config)[TemplateType.VERIFICATION_VALID]
    assert own.subject == str(folder / "email.subject.jinja")
    assert own.plain == str(folder / "email.body.plaintext.jinja")
    assert own.html is None


def test_go_templates_are_refused_with_the_way_out(tmp_path: Path) -> None:
    folder = tmp_path / "login_code" / "valid"
    folder.mkdir(parents=True)
    (folder / "email.body.gotmpl").write_text("{{ .LoginCode }}")
    written = {"login_code": {"valid": {"email": {"subject": inline("{{ .LoginCode }}")}}}}
    config = CourierConfig(template_override_path=str(tmp_path), templates=written)
    problems = {each.path: each for each in check_overrides(config)}
    assert problems["courier.templates.login_code.valid.email.subject"].code == "go_template"
    told = problems["courier.template_override_path"]
    assert told.code == "go_template"
    assert "email.body.jinja" in told.text
    assert "{{ RecoveryCode }}" in told.text


def test_wrong_ones_are_named_with_their_place(tmp_path: Path) -> None:
    config = CourierConfig(
        template_override_path=str(tmp_path / "nowhere"),
        templates={
            "recovery": {
                "valid": {"email": {"subject": "file:///no/such/file", "body": {"html": inline("{% if %}")}}},
                "invalid": {"email": {"subject": "base64://%%%"}},
                "maybe": {"email": {"subject": inline("x")}},
            }
        },
    )
    found = {(each.path, each.code) for each in check_overrides(config)}
    assert found == {
        ("courier.templates.recovery.valid.email.subject", "file_not_found"),
        ("courier.templates.recovery.valid.email.body.html", "broken_template"),
        ("courier.templates.recovery.invalid.email.subject", "wrong_value"),
        ("courier.templates.recovery.maybe.email.subject", "unknown_key"),
        ("courier.template_override_path", "file_not_found"),
    }
