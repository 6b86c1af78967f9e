"""A flow as a native client's start makes it, for tests of methods."""

from datetime import timedelta

from doorward.clock import SystemClock
from doorward.flows.fresh import FlowMaker
from doorward.flows.model import Flow, FlowKind, FlowType

BASE = "http://127.0.0.1:4433/"


def fresh_flow(kind: FlowKind = FlowKind.REGISTRATION) -> Flow:
    maker = FlowMaker(BASE, SystemClock())
    url = f"{BASE}self-service/{kind}/api"
    return maker.make(kind, FlowType.API, timedelta(hours=1), request_url=url)
