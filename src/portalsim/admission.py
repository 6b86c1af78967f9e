"""Who may call: token, its end, limits, scopes, calls at a time. Raises the problem that HubSpot would answer."""

from dataclasses import dataclass

from portalsim import problems
from portalsim.call import Operation
from portalsim.portal import Portal
from portalsim.tokens import Token

RETRY_AFTER_S = 10


@dataclass(frozen=True, slots=True)
class Admission:
    """The order is HubSpot's: who are you, how often, may you."""

    portal: Portal

    def admit(self, operation: Operation, token: Token, bearer: str) -> None:
        """Counts the call. Raises Problem: 401, 423, 429, 403."""
        if operation.kind == "free":
            return
        self._require_valid(token, bearer)
        self._require_room(operation, token)
        if operation.scopes and not set(operation.scopes) & set(token.scopes):
            raise problems.missing_scopes(operation.scopes)

    def headers(self, token: Token) -> dict[str, str]:
        """The rate headers of an answer."""
        if not token.value or not self.portal.switches.is_on("rate_headers"):
            return {}
        return self.portal.limits.headers(token, self.portal.clock.now())

    def _require_valid(self, token: Token, bearer: str) -> None:
        if not bearer or token.value != bearer or token.is_revoked:
            raise problems.no_token()
        now_ms = self.portal.clock.now_ms()
        if token.expires_ms is not None and token.expires_ms <= now_ms:
            raise problems.expired_token((now_ms - token.expires_ms) // 1000)

    def _require_room(self, operation: Operation, token: Token) -> None:
        at_once = self.portal.switches.number("concurrent_calls")
        if at_once and self.portal.calls_in_flight > at_once:
            raise problems.locked()
        now = self.portal.clock.now()
        is_search = operation.kind == "search"
        policy = self.portal.limits.find_exceeded(token, now, is_search=is_search)
        if policy is None:
            self.portal.limits.count(token, now, is_search=is_search)
            return
        counts = self.portal.switches["rejected_calls_count"]
        self.portal.limits.count(
            token, now, is_search=is_search, burst=counts == "both", daily=counts in ("both", "daily")
        )
        wait_s = RETRY_AFTER_S if self.portal.switches.is_on("retry_after_on_429") else None
        raise problems.rate_limited(policy, token.app_id, self.portal.account.portal_id, wait_s)
