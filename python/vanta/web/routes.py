"""The addresses of this room."""

from aiohttp import web

from vanta.web.api import Api
from vanta.web.landing import Landing
from vanta.web.operations import Operations
from vanta.web.reading import Reading
from vanta.web.trading import Trading


def routes(api: Api) -> list[web.RouteDef]:
    """Return the routes to mount on the main application, together with `middlewares(api)`."""
    trading, reading, operations = Trading(api), Reading(api), Operations(api)
    landing = Landing(api, operations)
    return [
        web.get("/", landing.page),
        web.get("/healthz", operations.healthz),
        web.get("/readyz", operations.readyz),
        web.get("/health", operations.readyz),
        web.get("/metrics", operations.metrics),
        web.get("/status", operations.status),
        web.get("/api/v1/status", operations.full_status),
        web.get("/api/v1/markets", reading.markets),
        web.get("/api/v1/prices", reading.prices),
        web.get("/api/v1/quotes", reading.prices),
        web.get("/api/v1/prices/{symbol}", reading.price),
        web.get("/api/v1/positions", reading.positions),
        web.get("/api/v1/positions/{id}", reading.position),
        web.get("/api/v1/orders", reading.orders),
        web.get("/api/v1/orders/{id}", reading.why),
        web.get("/api/v1/pnl", reading.pnl),
        web.get("/api/v1/risk", reading.risk),
        web.get("/api/v1/signals/{provider}/{id}", reading.signal),
        web.post("/api/v1/preview", trading.preview),
        web.post("/api/v1/trades", trading.open),
        web.post("/api/v1/positions/{id}/close", trading.close),
    ]
