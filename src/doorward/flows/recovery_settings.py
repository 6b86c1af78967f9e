"""What the configuration says about getting back in, and what the rules of recovery work with."""

from dataclasses import dataclass
from datetime import timedelta

from doorward.clock import Clock
from doorward.flows.codes_sender import CodeSender
from doorward.flows.contract import KindSettings
from doorward.flows.fresh import FlowMaker
from doorward.flows.messages import Catalogue
from doorward.flows.return_to import ReturnTargets
from doorward.flows.run_hooks import HookRunner
from doorward.flows.settings_form import SettingsForms
from doorward.identities.service import IdentityService
from doorward.sessions.service import SessionService
from doorward.storage.contract import Database


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """`method` is `code` or `link`; `has_links`: links can be sent at all; `chooses_address`: people say where the code
    goes; `has_transitions`: JSON clients are told what to do next by `continue_with`; `default_url` is where the way on
    leads after the settings; `privileged_for` is how long a password may be set without signing in again.
    """

    kind: KindSettings
    method: str
    targets: ReturnTargets
    is_method_enabled: bool = True
    takes_phones: bool = False
    tells_strangers: bool = False
    chooses_address: bool = False
    has_transitions: bool = False
    has_links: bool = False
    default_url: str | None = None
    header_allowlist: tuple[str, ...] = ()
    privileged_for: timedelta = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class RecoveryTools:
    """Who stores, who sends, who asks the hooks, who makes the settings form that it all ends in."""

    settings: RecoverySettings
    database: Database
    identities: IdentityService
    sessions: SessionService
    sender: CodeSender
    hooks: HookRunner
    catalogue: Catalogue
    maker: FlowMaker
    forms: SettingsForms
    clock: Clock
    base_url: str
