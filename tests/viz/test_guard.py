"""Nobody is let in: the app answers its own pages only, and says so to browsers."""

import asyncio
import http.client
import json
import random
import uuid

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from labsim.cli.guard import HEADERS
from tests.conftest import serve, soon
from tests.viz.sessions import Visitor, culling

MOST = 6
FOREIGN_HOSTS = (
    "evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "127.0.0.1.nip.io:{port}", "0.0.0.0:{port}",
    "localhost", "localhost.evil.example:{port}", "127.0.0.1:{port}@evil.example", "",
)  # fmt: skip
FOREIGN_ORIGINS = (
    "http://evil.example", "null", "http://127.0.0.1", "http://127.0.0.1:1", "https://127.0.0.1:{port}",
    "http://localhost.evil.example:{port}", "http://evil.example:{port}", "file://", "",
)  # fmt: skip
PATHS = (
    ("GET", "/"), ("GET", "/explore?harm.rate=1"), ("POST", "/_solara/api/close/x?session_id=y"), ("PUT", "/"),
    ("GET", "/static/assets/custom.js"), ("GET", "/_solara/cdn/requirejs@2.3.6/require.js"), ("GET", "/readyz"),
    ("GET", "/jupyter/api/kernels/x"), ("OPTIONS", "/"),
)  # fmt: skip
ELSEWHERE = ("x", "x/y.js", "requirejs@2.3.6", "../../../pyvenv.cfg", "%2e%2e/pyvenv.cfg", "//etc/passwd")


@pytest.fixture(scope="module")
def served():
    """(process, address) of an app that takes few sessions and soon forgets those without a page."""
    from labsim.engines import ensemble

    ensemble.warm()
    process, address = serve("--port", "0", env=culling(2) | {"SOLARA_KERNEL_MAX_COUNT": str(MOST)})
    yield process, address
    process.terminate()
    process.communicate(timeout=20)


def ask(address, path="/", method="GET", **headers):
    """(status, headers, body) of a request; `Host` and `Origin` as given."""
    connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=20)
    connection.putrequest(method, path, skip_host="Host" in headers)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, dict(answer.getheaders()), answer.read().decode(errors="replace")


async def knock(address, path="/jupyter/api/kernels/{}/channels?session_id=a", messages=(), **headers):
    """What a websocket is answered: the status of a refusal, else the messages until nothing more comes."""
    url = f"ws://{address.removeprefix('http://')}{path.format(uuid.uuid4())}"
    heard = []
    try:
        async with connect(url, additional_headers=headers) as socket:
            for message in messages:
                await socket.send(message)
            while True:
                heard.append(await asyncio.wait_for(socket.recv(), 1))
    except InvalidStatus as refused:
        return refused.response.status_code
    except (ConnectionClosed, TimeoutError):
        return heard


@pytest.mark.parametrize("host", FOREIGN_HOSTS)
def test_another_name_is_refused(served, host):
    _, address = served
    host = host.format(port=address.rpartition(":")[2])
    for method, path in PATHS:
        status, headers, told = ask(address, path, method, Host=host)
        assert (status, headers["x-frame-options"]) == (403, "DENY")
        assert "no access" in told


@pytest.mark.parametrize("origin", FOREIGN_ORIGINS)
def test_another_page_is_refused(served, origin):
    _, address = served
    origin = origin.format(port=address.rpartition(":")[2])
    for method, path in PATHS:
        assert ask(address, path, method, Origin=origin)[0] == 403
    assert asyncio.run(knock(address, Origin=origin)) == 403


def test_its_own_pages_and_programs_without_a_page_are_let_in(served):
    _, address = served
    port = address.rpartition(":")[2]
    for own in (address, f"http://localhost:{port}"):
        assert ask(address, Host=own.removeprefix("http://"), Origin=own)[0] == 200
        assert isinstance(asyncio.run(knock(address, Origin=own)), list)
    assert ask(address)[0] == 200
    assert isinstance(asyncio.run(knock(address)), list)


@pytest.mark.parametrize("path", ["/", "/explore", "/nowhere", "/static/assets/custom.js", "/readyz"])
def test_every_answer_forbids_frames_and_other_sources(served, path):
    _, headers, _ = ask(served[1], path)
    assert {name: headers[name.lower()] for name in HEADERS} == HEADERS
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


@pytest.mark.parametrize("path", ["/readyz", "/resourcez", "/resourcez?verbose", "/_solara/api/evict/x"])
def test_nothing_is_told_of_the_server(served, path):
    assert ask(served[1], path, "POST" if "evict" in path else "GET")[0] == 404


@pytest.mark.parametrize("path", ELSEWHERE)
def test_a_file_that_is_not_there_is_neither_fetched_nor_deleted(served, path):
    _, address = served
    assert ask(address, f"/_solara/cdn/{path}")[0] == 404
    status, _, script = ask(address, "/_solara/cdn/requirejs@2.3.6/require.js")
    assert status == 200 and "requirejs" in script


def test_a_stranger_does_not_reach_a_session(served):
    """Not by its id without its cookie, nor by requests made at random."""
    _, address = served
    rng = random.Random(0)
    run = json.dumps({"header": {"msg_type": "kernel_info_request"}, "channel": "shell", "content": {}, "buffers": []})

    async def attack():
        visitor = await Visitor(address).open()
        path = f"/jupyter/api/kernels/{visitor.kernel}/channels?session_id={visitor.page}"
        for cookie in ("", f"solara-session-id={uuid.uuid4()}"):
            heard = await knock(address, path, [run], **({"Cookie": cookie} if cookie else {}))
            assert [text for text in heard if "Session id mismatch" not in text] == []
        for _ in range(200):
            letters = "".join(rng.choice("0123456789abcdef-/") for _ in range(rng.randint(1, 36)))
            method, path = rng.choice(PATHS)
            ask(address, path.replace("x", visitor.kernel[: rng.randint(0, 35)] + letters, 1), method)
        assert await visitor.move(70) < 600  # it is there, and answers
        await visitor.drop()

    asyncio.run(attack())


def test_pages_are_limited_and_those_left_behind_are_forgotten(served):
    """A session whose page has gone without a word is culled: then there is room again."""
    _, address = served
    assert soon(lambda: ask(address)[0] == 200, 30)

    async def crowd():
        visitors = []
        while ask(address)[0] == 200:
            visitors.append(await Visitor(address).open())
        assert 0 < len(visitors) <= MOST
        status, _, told = ask(address, "/explore")
        assert status == 503 and told.startswith(f"{MOST} pages of labsim are open, and that is the most.")
        assert await knock(address) == 503
        assert await visitors[0].move(70) < 600  # who is in stays in
        for visitor in visitors:
            await visitor.drop()

    asyncio.run(crowd())
    assert soon(lambda: ask(address)[0] == 200, 30)


def test_visitors_at_once_are_each_answered_with_their_own_world(served):
    _, address = served
    assert soon(lambda: ask(address)[0] == 200, 30)

    async def together():
        visitors = await asyncio.gather(*(Visitor(address).open() for _ in range(4)))
        await asyncio.gather(*(visitor.move(40 + 10 * n) for n, visitor in enumerate(visitors)))
        assert [visitor.stands() for visitor in visitors] == [40, 50, 60, 70]
        assert all(visitor.results().are_of(40 + 10 * n) for n, visitor in enumerate(visitors))
        assert not visitors[0].results().are_of(50)
        for visitor in visitors:
            await visitor.drop()

    asyncio.run(together())


def test_nonsense_on_a_websocket_prints_no_traceback(served):
    """Nor ends the server; after all that these tests did to it there is at most a line for each fault."""
    process, address = served
    assert soon(lambda: ask(address)[0] == 200, 30)
    nonsense = ["no JSON", "{}", "[]", "1", b"\x00\x01", b"", json.dumps({"header": {"msg_type": "execute_request"}})]
    for message in nonsense:
        assert soon(lambda: ask(address)[0] == 200, 30)
        asyncio.run(knock(address, messages=[message]))
    assert soon(lambda: ask(address)[0] == 200, 30)  # there is room again
    assert asyncio.run(knock(address, "/nowhere")) == 403
    assert asyncio.run(knock(address, "/jupyter/api/kernels/{}/channels")) == 500  # no page
    assert soon(lambda: ask(address)[0] == 200, 30)
    process.terminate()
    _, told = process.communicate(timeout=20)
    lines = told.splitlines()
    assert "Traceback" not in told and len(lines) < 60
    assert all(line.startswith("labsim: ") and len(line) < 400 for line in lines)
