"""Addresses that pages had before: links to them lead on to where the page is now."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pages.screen import screens


def routes() -> list[Route]:
    """A redirect for each former address of a screen, with what the page was asked to show."""
    now = {f"/{former}": f"/{screen.name}" for screen in screens() for former in screen.formerly}

    async def lead_on(request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(now[request.url.path] + query, 308)

    return [Route(address, lead_on) for address in now]
