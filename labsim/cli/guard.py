"""Who may ask the app, for what, and what browsers are told: around Solara's server, which lets anybody in.

A page of another site can reach this machine: by its own scripts, by a name that it lets point here, in a frame.
So only requests for this address are answered, none that a foreign page sends, and no page may frame ours.
"""

from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

FOREIGN = "This is labsim on somebody's own machine: other pages and other names have no access.\n"
FULL = (
    "{} pages of labsim are open, and that is the most. Close some and load this page again; "
    "those that nobody looks at any more are gone after {}.\n"
)
NOT_SERVED = ("/readyz", "/resourcez", "/_solara/api/evict")  # of Solara, for who runs servers for others
FILES = "/_solara/cdn"  # the browser's files; Solara would fetch what is not there, and delete a folder asked for
KERNELS = "/jupyter/api/kernels/"
NO_PAGES = ("/static/", "/jupyter/", "/_solara/")
POLICY = {  # the page has scripts and styles of its own in it, and Vue compiles its templates in the browser
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "; ".join(f"{what} {who}" for what, who in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
}


def names_of(port: int) -> list[str]:
    """What Host is in requests for this machine: its names with the port, which browsers leave out where it is 80."""
    names = ("127.0.0.1", "localhost", "[::1]")
    return [f"{name}:{port}" for name in names] + (list(names) if port == 80 else [])


class Guard:
    """An ASGI application around Solara's: answers requests for this address alone.

    hosts: what Host may be; files: the folder of the browser's files; kernels: the sessions that are open, by id;
    most: how many there may be; left: in words, when those are gone that nobody looks at any more.
    """

    def __init__(
        self, app: Any, hosts: Iterable[str], files: Path, kernels: Callable[[], Collection[str]], most: int, left: str
    ) -> None:
        self.app, self.hosts, self.kernels, self.most, self.left = app, set(hosts), kernels, most, left
        self.origins = {f"http://{host}" for host in self.hosts}
        self.files = Starlette(routes=[Mount(FILES, StaticFiles(directory=files))])

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer one request or websocket, or hand it on."""

        async def guarded(message: Any) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
        elif refusal := self.refusal(scope):
            await refusal(scope, receive, guarded)
        elif scope["path"].startswith(f"{FILES}/"):
            await self.files(scope, receive, guarded)
        else:
            await self.app(scope, receive, guarded)

    def refusal(self, scope: Any) -> Response | None:
        """How a request is refused; None for one that may go on. Requests without an Origin are no page's."""
        headers, path = Headers(scope=scope), scope["path"]
        host, origins = headers.getlist("host"), headers.getlist("origin")
        if len(host) != 1 or host[0].lower() not in self.hosts or not self.origins.issuperset(origins):
            return PlainTextResponse(FOREIGN, 403)
        if path.startswith(NOT_SERVED):
            return PlainTextResponse("Not found\n", 404)
        if len(self.kernels()) >= self.most and self.opens(scope, path):
            return PlainTextResponse(FULL.format(self.most, self.left), 503)
        return None

    def opens(self, scope: Any, path: str) -> bool:
        """Whether a request opens a session: a page, or its websocket with a new id."""
        if scope["type"] == "websocket":
            return path.removeprefix(KERNELS).partition("/")[0] not in self.kernels()
        return not path.startswith(NO_PAGES)
