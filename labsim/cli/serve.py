"""The app, served to this machine only; no request leaves it."""

import contextlib
import ctypes
import http.client
import logging
import os
import signal
import socket
import threading
import time
import traceback
import webbrowser

from labsim.scenario import shipped
from labsim.scenario.values import cut

HOST, PORT = "127.0.0.1", 8765
LONGEST_FAULT = 300  # characters of a fault on the terminal
M_MMAP_THRESHOLD, LARGE = -3, 256 * 1024  # see mallopt(3); bytes
APP = "viz.app"  # served by name: labsim never imports it
# A page that was left without a word (a lid closed, a connection lost) keeps its session so long: its link holds all
# that was set, so that coming back later costs a reload and nothing else. Some 2 MB each.
LEFT, MOST = "5m", "200"


class CannotServe(ValueError):
    """The port is taken or not for us, or the app is missing; the message says which."""


def serve(port: int = PORT, open_browser: bool = True) -> None:
    """Serve the app until Ctrl-C, which raises KeyboardInterrupt. Port 0 picks a free one. Raises CannotServe."""
    listening = _listen(port)
    port = listening.getsockname()[1]
    _check_app()
    server = _server(port)
    server.answered = False
    threading.Thread(target=_announce, args=(server, port, open_browser), daemon=True).start()
    signal.signal(signal.SIGINT, signal.default_int_handler)  # also where it was ignored, as in a script's background
    server.run(sockets=[listening])
    if not server.answered:
        raise CannotServe("the app does not answer: its installation is incomplete; install labsim again")


def _listen(port: int) -> socket.socket:
    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # a port whose last connections are fading is free
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((HOST, port))
        listening.listen(128)  # from here on the port is ours, whoever comes between
    except OSError as error:
        listening.close()
        raise CannotServe(f"--port {port}: {error.strerror}; try another one, or --port 0 for a free one") from None
    return listening


def _check_app() -> None:
    """Raise CannotServe if the installation lacks the app."""
    try:
        shipped.folder("viz")
    except FileNotFoundError as error:
        raise CannotServe(str(error)) from None


def _server(port: int):
    """Solara's server with the app; its telemetry, banner and version check are off."""
    os.environ["SOLARA_TELEMETRY_MIXPANEL_ENABLE"] = "False"
    os.environ |= {"SOLARA_APP": APP, "SERVER_NAME": HOST, "SERVER_PORT": str(port)}
    os.environ.setdefault("SOLARA_KERNEL_CULL_TIMEOUT", LEFT)
    os.environ.setdefault("SOLARA_KERNEL_MAX_COUNT", MOST)
    from solara.server import kernel_context, settings

    settings.main.mode = "production"  # in development mode the page calls home
    settings.telemetry.mixpanel_enable = False
    settings.theme.variant = settings.ThemeVariant.light  # dark is up to tokens.css
    settings.theme.loader, settings.theme.show_banner, settings.theme.title = "plain", False, "labsim"
    settings.theme.force_refresh = True  # a page whose session is gone loads itself again from its link
    settings.assets.fontawesome_enabled = False
    settings.assets.extra_locations = [str(shipped.folder("viz") / "assets")]

    import uvicorn
    from solara.server.starlette import app

    from labsim.cli.guard import Guard, names_of

    guard = Guard(
        app, names_of(port), settings.assets.proxy_cache_dir, lambda: kernel_context.contexts,
        settings.kernel.max_count, settings.kernel.cull_timeout,
    )  # fmt: skip
    _tell_faults_in_a_line()
    _give_blocks_back()
    config = uvicorn.Config(
        guard, log_config=None, log_level="error", access_log=False, loop="asyncio", timeout_graceful_shutdown=1
    )
    return uvicorn.Server(config)


def _give_blocks_back() -> None:
    """Have glibc return each large array of a session to the system when it is freed; elsewhere nothing is done.

    Left alone, it takes the first large array that is freed as a sign to keep all such ones: 130 MB more for good.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):  # no glibc
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE)


class OneLine(logging.Formatter):
    """A fault on one line, with where it happened instead of a traceback: what was sent may be anybody's nonsense."""

    def format(self, record: logging.LogRecord) -> str:
        """The line of a record."""
        told, error = record.getMessage().strip(), record.exc_info and record.exc_info[1]
        while isinstance(error, BaseExceptionGroup):  # of tasks that ran beside each other
            error = error.exceptions[0]
        if error:
            last = traceback.extract_tb(error.__traceback__)[-1:]
            told += "".join([f": {type(error).__name__}: {error}", *(f" ({at.filename}:{at.lineno})" for at in last)])
        return f"labsim: {cut(told, LONGEST_FAULT)}"


def _tell_faults_in_a_line() -> None:
    """Faults of the server and of its websockets go to stderr, a line each; warnings are for who writes servers."""
    handler = logging.StreamHandler()
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.ERROR, handlers=[handler], force=True)
    logging.captureWarnings(True)


def _announce(server, port: int, open_browser: bool) -> None:
    """Say the address once the app answers; end the server if it answers with an error."""
    while (status := _status(port)) is None:
        time.sleep(0.1)
    server.answered = status == 200
    if not server.answered:
        server.should_exit = True
        return
    url = f"http://{HOST}:{port}"
    print(f"labsim: {url}", flush=True)
    if open_browser:
        webbrowser.open(url)


def _status(port: int) -> int | None:
    """The status of the first page, none while nobody answers."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()
