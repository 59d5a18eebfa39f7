"""The drawing page under a storm of hostile requests, fifty at once, and under clients that hang."""

import http.client
import json
import socket
import statistics
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import fuzz
import graph
import numpy as np
import pytest
import yaml
from browser import serving
from pictures import png
from PIL import Image

from digits.model import network
from digits.model.backend import keras

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, to see the server's memory"),
]

AT_ONCE = 50
SEED = 6


@pytest.fixture(scope="module")
def page(make_project):
    """The page of a network of the default size: its address and its process."""
    project = make_project(members=[0])
    keras.utils.set_random_seed(0)
    size = yaml.safe_load((graph.ROOT / "params.yaml").read_text())["network"]
    network.save(network.build(**size), project / "models/member-0.keras")
    with serving(project) as (address, process):
        yield address, process


@pytest.fixture(scope="module")
def drawing(few_digits):
    """A digit as the page sends it."""
    return png(Image.fromarray(255 - few_digits[0][3]).resize((280, 280)).convert("RGBA"))


class Client:
    """One of many: it keeps its connection as long as it lasts, as a browser does."""

    def __init__(self, address):
        self.address = address
        self.connection = http.client.HTTPConnection(address.removeprefix("http://"), timeout=60)

    def ask(self, body, path="/read", method="POST", **headers):
        """The status of the answer and what it holds; None and None where the server hung up on what it did not want."""
        try:
            self.connection.request(method, path, body, headers)
            reply = self.connection.getresponse()
            content = reply.read()
        except (ConnectionError, http.client.BadStatusLine):
            self.connection.close()
            return None, None
        return reply.status, json.loads(content) if reply.headers["content-type"] == "application/json" else content


def storm(address, drawing, requests, seed):
    """Send hostile requests, every fourth a good drawing among them, fifty at once: how often each status came back.

    A good drawing always gets the same answer.
    """
    status, expected = Client(address).ask(drawing)
    assert status == 200 and len(expected["digits"]) == 1

    def one_of_many(number):
        client, rng = Client(address), np.random.default_rng([seed, number])
        statuses = []
        for body, _ in zip(fuzz.bodies([seed, number, 1], drawing), range(requests // AT_ONCE)):
            choice = rng.integers(20)
            if choice < 5:
                answer = client.ask(drawing)
                assert answer == (200, expected) or answer == client.ask(drawing) == (
                    200,
                    expected,
                )  # the last may have closed
            elif choice == 5:
                method, path, headers = ODD[rng.integers(len(ODD))]
                answer = client.ask(body, path, method, **headers)
                assert answer[0] in (None, 403, 404, 405)
            else:
                answer = client.ask(body, "/read?number" if choice % 2 else "/read")
                assert answer[0] in (200, 400)
                assert ("digits" if answer[0] == 200 else "error") in answer[1]
            statuses.append(answer[0])
        return statuses

    with ThreadPoolExecutor(AT_ONCE) as pool:
        statuses = [status for sent in pool.map(one_of_many, range(AT_ONCE)) for status in sent]
    assert Client(address).ask(drawing) == (200, expected)
    return {status: statuses.count(status) for status in set(statuses)}


ODD = [
    ("POST", "/read", {"Host": "evil.example"}),
    ("POST", "/read", {"Origin": "http://evil.example"}),
    ("PUT", "/read", {}),
    ("POST", "/../../etc/passwd", {}),
    ("GET", "/models/%2e%2e/params.yaml", {}),
    ("POST", "/" + "x" * 5000, {}),
]


def memory(process):
    """What the process holds, in MB."""
    with open(f"/proc/{process.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1000


def seconds_to_answer(address, drawing, times):
    """How long an answer takes while nothing else is asked, as a list."""
    client, took = Client(address), []
    for _ in range(times):
        begin = time.perf_counter()
        assert client.ask(drawing)[0] == 200
        took.append(time.perf_counter() - begin)
    return took


def test_hundreds_of_hostile_requests_leave_the_page_as_it_was(page, drawing):
    address, process = page
    storm(address, drawing, 200, SEED)
    before = memory(process)
    statuses = storm(address, drawing, 400, SEED + 1)
    assert set(statuses) >= {200, 400, 403} and 500 not in statuses
    assert memory(process) <= 1.1 * before
    assert statistics.median(seconds_to_answer(address, drawing, 30)) < 0.1, "with other tests beside it"


@pytest.mark.faults
def test_ten_thousand_hostile_requests_leave_the_page_as_it_was(page, drawing, capsys):
    address, process = page
    storm(address, drawing, 1000, SEED + 2)
    before = memory(process)
    statuses = storm(address, drawing, 10_000, SEED + 3)
    after, took = memory(process), seconds_to_answer(address, drawing, 200)
    with capsys.disabled():
        print(
            f"\n{statuses}; {before:.0f} MB before, {after:.0f} MB after; an answer takes {1000 * statistics.median(took):.1f} ms"
        )
    assert set(statuses) >= {200, 400, 403} and 500 not in statuses
    assert after <= 1.1 * before
    assert statistics.median(took) < 0.03


def test_clients_that_hang_or_hang_up_or_speak_no_http_block_nobody(page, drawing):
    address, process = page
    host = address.removeprefix("http://")
    place = "127.0.0.1", int(host.rpartition(":")[2])
    beginnings = [
        f"POST /read HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\nabc",  # the rest never comes
        f"POST /read HTTP/1.1\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab",
        f"POST /read HTTP/1.1\r\nHost: {host}\r\nX-Never-",
        "",
    ]
    hung = []
    for i in range(100):
        hung.append(socket.create_connection(place, timeout=30))
        hung[-1].sendall(beginnings[i % 4].encode())
    for noise in [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc",
        b"GET / HTTP/9\r\n\r\n",
        b"\0" * 10_000,
        b"POST /read HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"A" * 100_000,
    ]:
        with socket.create_connection(place, timeout=30) as rude:
            rude.sendall(noise)
    for beginning in beginnings[:2]:
        with socket.create_connection(place, timeout=30) as hasty:
            hasty.sendall(beginning.encode())  # and away
    upgrade = {
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "x" * 22 + "==",
    }
    assert Client(address).ask(None, "/read", "GET", **upgrade)[0] in (403, 404, 405)
    assert max(seconds_to_answer(address, drawing, 10)) < 2
    assert hung[0].recv(100).startswith(b"HTTP/1.1 408 ") and hung[1].recv(100).startswith(b"HTTP/1.1 408 ")
    for connection in hung:
        connection.close()
    assert process.poll() is None
