"""From a wording to the Jinja2 sources of a message: plain text, HTML, text message. Mail programs know inline styles
and tables only, so there are no others."""

from dataclasses import dataclass

from doorward.courier.wordings import Wording

FONT = "font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
HTML = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>{heading}</title></head>
<body style="margin:0;padding:24px;background:#f6f7f8;{font};color:#1c1e21">
<table role="presentation" align="center" cellpadding="0" cellspacing="0"
 style="width:100%;max-width:480px;margin:0 auto;background:#ffffff;border:1px solid #e2e5e8;border-radius:8px">
<tr><td style="padding:32px">
<h1 style="margin:0 0 16px;font-size:20px;line-height:28px">{heading}</h1>
<p style="margin:0 0 24px;font-size:16px;line-height:24px">{intro}</p>
{middle}<p style="margin:0;font-size:14px;line-height:20px;color:#5b6168">{outro}</p>
</td></tr></table></body></html>
"""
CODE_HTML = """<p style="margin:0 0 24px;font-size:32px;line-height:40px;font-weight:600;letter-spacing:4px">\
{{{{ {code} }}}}</p>
"""
URL_HTML = """{{% if {url} %}}<p style="margin:0 0 24px;font-size:16px"><a href="{{{{ {url} }}}}"
 style="color:#0b57d0">{action}</a></p>
{{% endif %}}"""
WEB_OTP = "{% if request_url_domain %}\n\n@{{ request_url_domain }} #{{ CODE }}{% endif %}"


@dataclass(frozen=True, slots=True)
class Sources:
    """The Jinja2 texts of one message."""

    subject: str
    plain: str
    html: str
    sms: str


def built_in(wording: Wording) -> Sources:
    """The message in every form."""
    return Sources(wording.subject, _plain(wording), _html(wording), _sms(wording))


def _plain(wording: Wording) -> str:
    parts = [wording.intro]
    if wording.code:
        parts.append(f"{{{{ {wording.code} }}}}")
    text = "\n\n".join(parts)
    if wording.url:
        text += f"{{% if {wording.url} %}}\n\n"
        text += f"{wording.action}:\n" if wording.code else ""
        text += f"{{{{ {wording.url} }}}}{{% endif %}}"
    return f"{text}\n\n{wording.outro}\n"


def _html(wording: Wording) -> str:
    middle = CODE_HTML.format(code=wording.code) if wording.code else ""
    if wording.url:
        middle += URL_HTML.format(url=wording.url, action=wording.action)
    return HTML.format(heading=wording.heading, intro=wording.intro, middle=middle, outro=wording.outro, font=FONT)


def _sms(wording: Wording) -> str:
    """Phones fill in the code where the last line says for which site it is (https://wicg.github.io/sms-one-time-codes)."""
    if not wording.sms:
        return _plain(wording)
    return wording.sms + (WEB_OTP.replace("CODE", wording.code) if wording.code else "")
