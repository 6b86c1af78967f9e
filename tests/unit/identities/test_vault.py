"""Secrets of second factors at rest."""

from uuid import UUID, uuid4

import pytest

from doorward.clock import MovableClock
from doorward.identities.model import Credential, Identity
from doorward.identities.vault import CredentialVault
from doorward.security.cipher import SecretMissing, Tampered

OLD, NEW = "an old secret of some length", "a new secret of some length!"
URL = "otpauth://totp/x?secret=ABCDEFGHIJKLMNOP"
ADA, BOB = uuid4(), uuid4()


def identity(identity_id: UUID, **configs: dict[str, object]) -> Identity:
    now = MovableClock().now()
    credentials = {kind: Credential(kind, (), config, 0, now, now) for kind, config in configs.items()}
    return Identity(identity_id, "person", {}, "active", now, now, now, credentials=credentials)


def test_what_was_sealed_is_opened_again_and_says_nothing_in_between() -> None:
    vault = CredentialVault([OLD])
    codes = [{"code": "abcd1234", "used_at": None}]
    sealed = vault.seal(ADA, "lookup_secret", {"recovery_codes": codes})
    assert "abcd1234" not in str(sealed)
    assert vault.open(ADA, "lookup_secret", sealed) == {"recovery_codes": codes}
    assert vault.seal(ADA, "lookup_secret", sealed) == sealed


def test_a_sealed_secret_cannot_be_moved() -> None:
    vault = CredentialVault([OLD])
    sealed = vault.seal(ADA, "totp", {"totp_url": URL})
    with pytest.raises(Tampered):
        vault.open(BOB, "totp", sealed)
    with pytest.raises(Tampered):
        vault.open(ADA, "lookup_secret", {"recovery_codes": sealed["totp_url"]})


def test_what_was_never_sealed_is_read_as_it_is() -> None:
    vault = CredentialVault([OLD])
    person = identity(ADA, totp={"totp_url": URL}, password={"hashed_password": "$x"})
    assert vault.find(person, "totp") == {"totp_url": URL}
    assert vault.opened(person) == person
    assert vault.sealed(person).credentials["password"] == person.credentials["password"]
    assert vault.opened(vault.sealed(person)) == person


def test_nothing_is_found_where_nothing_is() -> None:
    vault = CredentialVault([OLD])
    assert vault.find(identity(ADA), "totp") is None
    assert vault.find(identity(ADA, totp={}), "totp") is None


def test_older_keys_open_and_are_told_apart() -> None:
    sealed = CredentialVault([OLD]).sealed(identity(ADA, totp={"totp_url": URL}))
    both = CredentialVault([NEW, OLD])
    assert both.find(sealed, "totp") == {"totp_url": URL}
    assert both.is_outdated(sealed.credentials["totp"])
    assert not both.is_outdated(both.sealed(both.opened(sealed)).credentials["totp"])
    assert not both.is_outdated(identity(ADA, totp={}).credentials["totp"])
    with pytest.raises(SecretMissing):
        CredentialVault([NEW]).find(sealed, "totp")
