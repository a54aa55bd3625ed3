"""Around every request: trace id, host check, token, body cap, metrics and errors as JSON."""

import re
from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web
from aiohttp.typedefs import Handler, Middleware

from vanta import logs
from vanta.domain.errors import ArithmeticOverflow, InputError, InvalidInput, NotFoundError
from vanta.domain.intent import new_trace_id
from vanta.web.answers import (
    BODY_CAP,
    STORE_AWAY,
    TRACE,
    ApiError,
    from_input,
    json_answer,
    too_large,
)
from vanta.web.api import Api
from vanta.web.auth import is_loopback, require_own_name, require_token

_log = logs.get(__name__)

API_PREFIX: Final = "/api/"
# Signals are signed and come from afar, probes from the orchestrator: neither knows our name.
_ANY_NAME: Final = ("/v1/", "/healthz", "/readyz", "/health")
PROBES: Final = frozenset({"/healthz", "/readyz", "/health", "/metrics", "/status"})
_TRACE: Final = re.compile(r"[0-9a-f]{16,32}", re.ASCII)

_TEXTS: Final = {
    400: "I could not read this request.",
    404: "There is nothing at this address.",
    405: "This address does not take that method.",
    408: "The request took too long to arrive.",
    411: "The request needs a Content-Length.",
    413: "The request is too large.",
    415: "This type of body is not taken here.",
    417: "This expectation cannot be met.",
}
_SECURITY: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


def middlewares(api: Api) -> Sequence[Middleware]:
    """Return the middlewares of the main application, outermost first."""
    guarded = is_loopback(api.host)

    @web.middleware
    async def traced(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.get("X-Trace-Id", "")
        trace_id = given if _TRACE.fullmatch(given) else new_trace_id()
        request[TRACE] = trace_id
        with logs.bind_trace(trace_id):
            response = await handler(request)
        if not response.prepared:
            response.headers.setdefault("X-Trace-Id", trace_id)
            for name, value in _SECURITY.items():
                response.headers.setdefault(name, value)
        return response

    @web.middleware
    async def counted(request: web.Request, handler: Handler) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        route = resource.canonical if resource is not None else "unmatched"
        api.metrics.http_requests.labels(route=route, status=str(response.status)).inc()
        if route not in PROBES:  # their 503 is an answer
            api.metrics.requests.labels(way="http").inc()
            if response.status >= 500:
                api.metrics.errors.labels(way="http").inc()
        return response

    @web.middleware
    async def told(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except ApiError as error:
            answer = error
        except InputError as error:
            answer = from_input(error)
        except (InvalidInput, ArithmeticOverflow) as error:
            answer = ApiError(422, "E-ARG", f"This cannot be computed: {error}.")
        except NotFoundError as error:
            answer = ApiError(404, "E-ARG", str(error) or "There is no such thing.")
        except web.HTTPException as error:
            answer = _of_http(error)
        except STORE_AWAY as error:
            _log.error("web.store_away", error=type(error).__name__, path=request.path)
            answer = ApiError(
                503,
                "E-BUSY",
                "The database does not answer. Nothing new is accepted until it does.",
                headers={"Retry-After": "2"},
            )
        except Exception:
            answer = _fault(request)
        return json_answer(
            answer.body(request[TRACE]), status=answer.status, headers=answer.headers
        )

    @web.middleware
    async def guarded_door(request: web.Request, handler: Handler) -> web.StreamResponse:
        if guarded and not request.path.startswith(_ANY_NAME):
            require_own_name(request)
        if request.path.startswith(API_PREFIX):
            require_token(request, api.token)
            if (request.content_length or 0) > BODY_CAP:
                raise too_large(request.content_length)
        return await handler(request)

    return (traced, counted, told, guarded_door)


def _fault(request: web.Request) -> ApiError:
    _log.exception("web.failed", method=request.method, path=request.path)
    return ApiError(
        500,
        "E-INTERNAL",
        "This went wrong on our side. The log has the details under the trace id.",
    )


def _of_http(error: web.HTTPException) -> ApiError:
    headers: dict[str, str] = {}
    if allow := error.headers.get(hdrs.ALLOW):
        headers[hdrs.ALLOW] = allow
    text = _TEXTS.get(error.status, error.reason)
    return ApiError(error.status, "E-ARG", text, headers=headers)
