"""Backup codes as they are kept."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from doorward.methods.lookup_codes import BackupCode, config_of, new_codes, read_codes
from doorward.methods.lookup_login import find_code


def test_twelve_codes_of_eight_letters_and_digits() -> None:
    codes = new_codes()
    assert len(set(codes)) == 12
    assert all(len(each) == 8 and each.isalnum() and each == each.lower() for each in codes)


def test_a_config_is_read_back_whole() -> None:
    codes = [BackupCode("abcd1234"), BackupCode("efgh5678", datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))]
    assert read_codes(config_of(codes)) == codes


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["code", "used_at"]), inner),
    )
)
def test_imports_of_any_form_are_read(value: object) -> None:
    assert all(each.code for each in read_codes({"recovery_codes": value}))


def test_capitals_count() -> None:
    codes = [BackupCode("abcd1234")]
    assert find_code(codes, "abcd1234") == codes[0]
    assert find_code(codes, "ABCD1234") is None
    assert find_code(codes, "") is None


def test_codes_are_not_in_the_repr() -> None:
    assert "abcd1234" not in repr(BackupCode("abcd1234"))
