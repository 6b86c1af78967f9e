"""Errors of a page are shown as a page, with their own status: around the endpoints of every surface."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from doorward.errors import DoorwardError
from doorward.observability.logging import Log
from doorward.web.problems import Problem, problem_of

Endpoint = Callable[[Request], Awaitable[Response]]


def told_as_page(endpoint: Endpoint, page_of: Callable[[Problem], Response], log: Log) -> Endpoint:
    """The endpoint; what it raises is answered by `page_of`, and logged where the fault is ours."""

    async def answered(request: Request) -> Response:
        try:
            return await endpoint(request)
        except DoorwardError as error:
            problem = problem_of(error)
            if problem.status >= 500:
                log.fault("page_failed", error, code=error.code())
            answer = page_of(problem)
            if problem.retry_after_s is not None:
                answer.headers["retry-after"] = str(problem.retry_after_s)
            return answer

    return answered
