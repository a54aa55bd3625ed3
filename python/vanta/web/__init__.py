"""REST API for programs and the CLI, health and metrics endpoints, and the landing page."""

from vanta.web.api import Api
from vanta.web.middleware import middlewares
from vanta.web.routes import routes

__all__ = ["Api", "middlewares", "routes"]
