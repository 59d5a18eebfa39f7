"""The drawing page under fifty simultaneous series of hostile requests, and with clients that hang."""

import http.client
import json
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import fuzz
import numpy as np
import pytest
from browser import serving
from pictures import png
from PIL import Image

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="reads the server's memory from /proc"),
]

CLIENTS = 50
SEED = 6
REFUSED = [
    ("POST", "/read", {"Host": "evil.example"}),
    ("POST", "/read", {"Origin": "http://evil.example"}),
    ("PUT", "/read", {}),
    ("POST", "/../../etc/passwd", {}),
    ("GET", "/models/%2e%2e/params.yaml", {}),
    ("POST", "/" + "x" * 5000, {}),
]


@pytest.fixture(scope="module")
def page(make_project):
    """The page with a network of the default size: its address and its process."""
    from digits.model import backend, network

    backend.configure()
    project = make_project(members=[0])
    backend.keras.utils.set_random_seed(0)
    network.save(network.build(32, 0.3), project / "models/member-0.keras")
    with serving(project) as (address, process):
        yield address, process


@pytest.fixture(scope="module")
def drawing(few_digits):
    """A digit as the page sends it."""
    return png(Image.fromarray(255 - few_digits[0][3]).resize((280, 280)).convert("RGBA"))


class Client:
    """Keeps its connection open, as a browser does."""

    def __init__(self, address):
        self.connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)

    def ask(self, body, path="/read", method="POST", **headers):
        """Return the status and the content of the response; None and None if the server closed the connection."""
        try:
            self.connection.request(method, path, body, headers)
            response = self.connection.getresponse()
            content = response.read()
        except (ConnectionError, http.client.BadStatusLine):
            self.connection.close()
            return None, None
        is_json = response.headers["content-type"] == "application/json"
        return response.status, json.loads(content) if is_json else content


def attack(address, drawing, requests, seed):
    """Send hostile requests from CLIENTS threads, and a valid drawing as every fourth, which must be predicted equally.

    Returns:
        The number of responses for each status.
    """
    expected = Client(address).ask(drawing)
    assert expected[0] == 200 and len(expected[1]["digits"]) == 1

    def send(number):
        client, rng = Client(address), np.random.default_rng([seed, number])
        statuses = []
        for body, _ in zip(fuzz.bodies([seed, number, 1], drawing), range(requests // CLIENTS), strict=False):
            choice = rng.integers(20)
            if choice < 5:
                response = client.ask(drawing)
                if response[0] is None:  # closed because of the previous request
                    response = client.ask(drawing)
                assert response == expected
            elif choice == 5:
                method, path, headers = REFUSED[rng.integers(len(REFUSED))]
                response = client.ask(body, path, method, **headers)
                assert response[0] in (None, 403, 404, 405)
            else:
                response = client.ask(body, "/read?number" if choice % 2 else "/read")
                assert response[0] in (200, 400)
                assert ("digits" if response[0] == 200 else "error") in response[1]
            statuses.append(response[0])
        return statuses

    with ThreadPoolExecutor(CLIENTS) as pool:
        statuses = [status for sent in pool.map(send, range(CLIENTS)) for status in sent]
    assert Client(address).ask(drawing) == expected
    return {status: statuses.count(status) for status in set(statuses)}


def memory(process):
    """Return the resident memory in MB."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1000


def response_times(address, drawing, count):
    """Measure the seconds until each response, one request at a time."""
    client, seconds = Client(address), []
    for _ in range(count):
        start = time.perf_counter()
        assert client.ask(drawing)[0] == 200
        seconds.append(time.perf_counter() - start)
    return seconds


@pytest.mark.parametrize(
    ("warm_up", "requests", "max_seconds"),
    [(100, 300, 0.1), pytest.param(1000, 10_000, 0.03, marks=pytest.mark.faults)],  # 0.1: other tests run beside it
)
def test_hostile_requests_change_neither_predictions_nor_memory(page, drawing, capsys, warm_up, requests, max_seconds):
    address, process = page
    attack(address, drawing, warm_up, SEED)
    before = memory(process)
    statuses = attack(address, drawing, requests, SEED + 1)
    after, seconds = memory(process), statistics.median(response_times(address, drawing, 30))
    with capsys.disabled():
        print(f"\n{statuses}; {before:.0f} MB before, {after:.0f} MB after; median response {1000 * seconds:.1f} ms")
    assert set(statuses) >= {200, 400, 403} and 500 not in statuses
    assert after <= 1.1 * before
    assert seconds < max_seconds


def test_clients_that_hang_disconnect_or_speak_no_http_do_not_block_others(page, drawing):
    address, process = page
    host = address.removeprefix("http://")
    server = "127.0.0.1", int(host.rpartition(":")[2])
    incomplete = [
        f"POST /read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nabc",
        f"POST /read HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        f"POST /read HTTP/1.1\r\nHost: {host}\r\nX-Never-",
        "",
    ]
    hung = []
    for i in range(100):
        hung.append(socket.create_connection(server, timeout=30))
        hung[-1].sendall(incomplete[i % 4].encode())
    for content in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",  # TLS
        b"GET / HTTP/9\r\n\r\n",
        b"\0" * 10_000,
        b"POST /read HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"A" * 100_000,
        *(request.encode() for request in incomplete[:2]),
    ]:
        with socket.create_connection(server, timeout=30) as client:
            client.sendall(content)
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    assert Client(address).ask(None, method="GET", **upgrade, **{"Sec-WebSocket-Key": "x" * 22 + "=="})[0] in (403, 405)
    assert max(response_times(address, drawing, 10)) < 2
    assert all(client.recv(100).startswith(b"HTTP/1.1 408 ") for client in hung[:2])
    for client in hung:
        client.close()
    assert process.poll() is None
