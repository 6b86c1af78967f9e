"""`/sessions/whoami?tokenize_as=NAME`: a session as a signed JSON Web Token, with claims of a Jsonnet mapper.

Kratos: https://www.ory.sh/docs/identities/session-to-jwt-cors
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlsplit

import orjson

from doorward.actions.rendering import Rendered, RenderResult
from doorward.actions.template import TemplateInvalid, TemplateUnavailable
from doorward.config.model import TokenizerTemplate
from doorward.errors import InvalidInput, Misconfigured
from doorward.identities.model import Identity
from doorward.ids import new_secret_id
from doorward.security.jwk import SigningKey, UnusableKey, first_signing_key, signed_token
from doorward.sessions.model import Session

LOCAL_SCHEMES = ("file", "base64")
UNREADABLE = "The keys or the claims mapper of a session tokenizer template cannot be read."
# Kratos's mappers ask for external variables; the sandbox has one argument.
MAPPER = """function(ctx)
local native = std;
local std = native { extVar(name):: if native.objectHas(ctx, name) then ctx[name] else error 'unknown: ' + name };
(%s
)"""


class MapperWithoutClaims(Misconfigured):
    """The claims mapper has to answer {claims: {…}}."""


class Sandbox(Protocol):
    """`actions.sandbox.Sandbox`."""

    async def render(self, template: str, ctx: bytes) -> RenderResult: ...


class Source(Protocol):
    """`actions.template.TemplateSource`."""

    async def load(self, uri: str) -> str: ...


@dataclass(frozen=True, slots=True)
class Tokenizer:
    """`issuer` is the public address."""

    templates: Mapping[str, TokenizerTemplate]
    issuer: str
    sandbox: Sandbox
    source: Source

    async def tokenize(
        self, name: str, session: Session, identity: Identity, shown: Mapping[str, Any], now: datetime
    ) -> str:
        """The token; `shown` is the session as whoami shows it.

        Raises InvalidInput (no such template, no usable key, a failing mapper, no external id), Misconfigured
        (nothing can be read there), MapperWithoutClaims.
        """
        template = self.templates.get(name)
        if template is None:
            raise InvalidInput(f"There is no session tokenizer template {name[:64]!r}.")
        key = await self._key(template)
        subject = _subject(template, identity)
        issued = int(now.timestamp())
        claims: dict[str, Any] = {
            "jti": str(new_secret_id()),
            "iss": self.issuer,
            "sub": subject,
            "sid": str(session.id),
            "iat": issued,
            "nbf": issued,
            "exp": issued + int(template.ttl.total_seconds()),
        }
        if template.claims_mapper_url:
            claims.update(await self._mapped(template.claims_mapper_url, shown, claims))
        # Whose token it is, no mapper decides.
        return signed_token(key, {**claims, "sub": subject})

    async def _key(self, template: TokenizerTemplate) -> SigningKey:
        if urlsplit(template.jwks_url).scheme not in LOCAL_SCHEMES:
            # Private keys do not travel.
            raise Misconfigured(UNREADABLE)
        try:
            return first_signing_key(await self._load(template.jwks_url))
        except UnusableKey as error:
            raise InvalidInput(error.reason) from None

    async def _mapped(self, url: str, shown: Mapping[str, Any], claims: Mapping[str, Any]) -> dict[str, Any]:
        mapper = await self._load(url)
        context = orjson.dumps({"session": shown, "claims": claims})
        result = await self.sandbox.render(MAPPER % mapper, context)
        if not isinstance(result, Rendered):
            raise InvalidInput("The claims mapper of this template failed.")
        answer = orjson.loads(result.text)
        mapped = answer.get("claims") if isinstance(answer, dict) else None
        if not isinstance(mapped, dict):
            raise MapperWithoutClaims
        return mapped

    async def _load(self, url: str) -> str:
        try:
            return await self.source.load(url)
        except (TemplateInvalid, TemplateUnavailable):
            raise Misconfigured(UNREADABLE) from None


def _subject(template: TokenizerTemplate, identity: Identity) -> str:
    if template.subject_source == "id":
        return str(identity.id)
    if not identity.external_id:
        raise InvalidInput("This person has no external_id, which the template takes as the subject.")
    return identity.external_id
