"""The method `password`: its nodes, its refusals in Kratos's ids, and that only a hash leaves it."""

from collections.abc import Iterator
from typing import Any

import pytest

from doorward.flows.contract import Form, Proven, Refused, Stage
from doorward.flows.words_en import ENGLISH
from doorward.identities.schema import IdentitySchema
from doorward.methods.password import PasswordMethod
from doorward.security.breaches import BreachList, BreachSettings
from doorward.security.outgoing import OutgoingRequest, OutgoingResponse
from doorward.security.password_policy import PolicySettings
from doorward.security.passwords import HashSettings, PasswordHasher
from fresh_flow import fresh_flow

LEAKED_SUFFIX = "1E4C9B93F3F0682250B6CF8331B7EE68FD8"  # of the SHA-1 of "password"


class Leaks:
    """A list of leaked passwords that answers every question alike, and remembers what it was asked."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    async def send(self, request: OutgoingRequest, *, trusted: bool = False) -> OutgoingResponse:
        self.urls.append(request.url)
        return OutgoingResponse(200, {}, f"{LEAKED_SUFFIX}:12\r\n".encode(), 0.0)


def schema(is_identifier: bool = True) -> IdentitySchema:
    email: dict[str, Any] = {"type": "string"}
    if is_identifier:
        email["ory.sh/kratos"] = {"credentials": {"password": {"identifier": True}}}
    traits = {"type": "object", "properties": {"email": email}}
    return IdentitySchema("s", "file://s", {"type": "object", "properties": {"traits": traits}})


def form(password: str, **more: Any) -> Form:
    values = {"method": "password", "password": password, **more}
    return Form(values, {"email": "ada@example.org"}, schema(), ENGLISH, fresh_flow())


@pytest.fixture
def hasher() -> Iterator[PasswordHasher]:
    made = PasswordHasher(HashSettings("bcrypt", bcrypt_cost=4, is_dev=True), threads=1)
    yield made
    made.close()


@pytest.fixture
def leaks() -> Leaks:
    return Leaks()


@pytest.fixture
def method(hasher: PasswordHasher, leaks: Leaks) -> PasswordMethod:
    return PasswordMethod(PolicySettings(max_length=72), BreachList(BreachSettings(), leaks), hasher)


def test_shown_where_credentials_are_chosen(method: PasswordMethod) -> None:
    assert [node.name for node in method.nodes(Stage.ONE_STEP, ENGLISH)] == ["password", "method"]
    assert [node.name for node in method.nodes(Stage.CREDENTIALS, ENGLISH)] == ["password", "method"]
    assert method.nodes(Stage.TRAITS, ENGLISH) == ()


def test_missing_only_where_it_is_meant(method: PasswordMethod) -> None:
    assert [problem.message.id for problem in method.check(form(""))] == [4000002]
    assert method.check(form("", method="profile")) == ()
    assert method.check(form("anything")) == ()


@pytest.mark.parametrize(
    ("password", "message_id"),
    [("1234567", 4000032), ("x" * 73, 4000033), ("Ada@example.org", 4000031), ("password", 4000034)],
)
async def test_refused(method: PasswordMethod, password: str, message_id: int) -> None:
    decision = await method.register(form(password))
    assert isinstance(decision, Refused)
    (problem,) = decision.problems
    assert (problem.node, problem.message.id) == ("password", message_id)


async def test_hash_is_stored_and_the_password_is_not_told(method: PasswordMethod, leaks: Leaks) -> None:
    decision = await method.register(form("correct-horse-9-battery"))
    assert isinstance(decision, Proven)
    (credential,) = decision.credentials
    assert credential.config["hashed_password"].startswith("$2")
    assert "horse" not in repr(decision)
    (url,) = leaks.urls
    assert len(url.rsplit("/", 1)[1]) == 5


async def test_nobody_is_asked_about_a_password_that_is_refused_anyway(method: PasswordMethod, leaks: Leaks) -> None:
    await method.register(form("short"))
    assert leaks.urls == []


async def test_nothing_to_sign_in_with(method: PasswordMethod) -> None:
    bare = Form(
        {"method": "password", "password": "long-enough-1"}, {"email": "a@b.org"}, schema(False), ENGLISH, fresh_flow()
    )
    decision = await method.register(bare)
    assert isinstance(decision, Refused)
    assert [problem.message.id for problem in decision.problems] == [4000009]
