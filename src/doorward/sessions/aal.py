"""Assurance levels: what a session has reached, and what a policy asks of a person. Pure; no credentials here."""

from collections.abc import Iterable

from doorward.sessions.model import AuthenticationMethod

AAL1, AAL2 = "aal1", "aal2"
HIGHEST = "highest_available"
"""The policy of `required_aal` that asks for aal2 of whoever has a second factor."""


def level_of(methods: Iterable[AuthenticationMethod]) -> str:
    """aal2 takes a proof of each level; a second factor alone, or two first ones, are aal1 (as Kratos counts)."""
    levels = {each.aal for each in methods}
    return AAL2 if {AAL1, AAL2} <= levels else AAL1


def required_level(policy: str, has_second_factor: bool) -> str:
    """What `session.whoami.required_aal` or `selfservice.flows.settings.required_aal` asks of one person."""
    return AAL2 if policy == HIGHEST and has_second_factor else AAL1


def is_enough(policy: str, reached: str, has_second_factor: bool) -> bool:
    """Whether a session of level `reached` satisfies the policy; else the client has to show the second factor."""
    return reached >= required_level(policy, has_second_factor)
