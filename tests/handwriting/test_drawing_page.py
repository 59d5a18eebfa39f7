"""The drawing page: it answers its own page, and nothing else, whatever is sent to it."""

import base64
import io
import json
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from browser import serving
from pictures import bomb, png
from PIL import Image

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawing(few_digits):
    """A digit as the page sends it."""
    return png(Image.fromarray(255 - few_digits[0][3]).resize((280, 280)))


def ask(address, path="/read", body=None, method=None, **headers):
    """Send a request: its status, and what came back, as JSON where it is."""
    request = urllib.request.Request(
        address + path, body, {name.replace("_", "-"): value for name, value in headers.items()}, method=method
    )
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as reply:
            content = reply.read()
            return reply.status, json.loads(content) if reply.headers[
                "content-type"
            ] == "application/json" else content.decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_drawing_is_answered_with_its_probabilities_and_what_the_network_saw(address, drawing):
    status, said = ask(address, body=drawing)
    assert status == 200 and len(said["digits"]) == 1
    read = said["digits"][0]
    assert len(read["probabilities"]) == 10 and read["digit"] == int(np.argmax(read["probabilities"]))
    seen = Image.open(io.BytesIO(base64.b64decode(read["image"].removeprefix("data:image/png;base64,"))))
    assert seen.size == (28, 28) and np.asarray(seen).max() == 255


def test_a_blank_canvas_gives_no_prediction(address):
    assert ask(address, body=png(Image.new("L", (280, 280), 255))) == (200, {"digits": [], "found": 0})


def test_the_page_is_one_file_that_says_what_the_network_learned_from(address):
    status, page = ask(address, "/")
    assert status == 200 and "{{" not in page
    assert not any(outside in page for outside in ("src=", "@import", "http:", "https:", "url("))


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:9000"}, 200),  # the other end of an SSH tunnel
        ({"Host": "localhost:9000", "Origin": "http://localhost:9000"}, 200),
        ({"Host": "localhost:9000", "Origin": "http://localhost:8000"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
def test_other_sites_are_refused(address, drawing, headers, status):
    assert ask(address, body=drawing, **headers)[0] == status
    own = address.removeprefix("http://")
    assert ask(address, body=drawing, Host=own, Origin=address)[0] == 200


HOSTILE = {
    "nothing": b"",
    "text": b"digit please",
    "half a picture": lambda drawing: drawing[: len(drawing) // 2],
    "another format": lambda drawing: b"GIF89a" + drawing,
    "a bomb": lambda drawing: bomb(60_000),
    "a wrong checksum": lambda drawing: drawing[:60] + bytes([drawing[60] ^ 255]) + drawing[61:],
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE)
def test_a_hostile_body_gets_a_400_and_the_server_lives(address, drawing, body):
    status, said = ask(address, body=body(drawing) if callable(body) else body)
    assert status == 400 and json.loads(said)["error"].startswith("the drawing ")
    assert ask(address, body=drawing)[0] == 200


def test_too_many_digits_get_a_reason_that_the_page_can_show(address):
    dots = np.full((280, 840), 255, np.uint8)
    dots[10:40, 10:830:20] = 0
    status, said = ask(address, "/read?number", body=png(Image.fromarray(dots)))
    assert status == 400 and json.loads(said) == {"error": "the drawing shows more than 30 digits beside one another"}


def test_more_than_two_megabytes_are_refused(address, drawing):
    assert ask(address, body=bytes(2_000_001))[0] == 413
    assert ask(address, body=drawing)[0] == 200


def test_other_paths_and_methods_are_refused(address):
    assert ask(address, "/models/member-0.keras")[0] == 404
    assert ask(address, "/../params.yaml")[0] == 404
    assert ask(address, "/read")[0] == 405


def test_it_listens_on_this_machine_alone(address):
    port = int(address.rsplit(":", 1)[1])
    with socket.socket() as other:
        other.settimeout(2)
        assert other.connect_ex(("127.0.0.2", port)) != 0


def test_many_at_once_get_the_same_answer(address, drawing):
    with ThreadPoolExecutor(20) as pool:
        said = list(pool.map(lambda _: ask(address, body=drawing), range(60)))
    assert all(answer == said[0] for answer in said) and said[0][0] == 200


def test_a_taken_port_is_one_line(untrained_project, address):
    port = address.rsplit(":", 1)[1]
    ran = untrained_project.run("python", "predict_digit.py", "--no-browser", "--port", port, check=False)
    assert ran.returncode == 1
    assert (
        ran.stdout
        == f"error: port {port} of 127.0.0.1 cannot be used (Address already in use); choose another with --port or --host\n"
    )


def test_a_text_browser_gets_the_page_though_its_caller_waits_for_it(untrained_project, tmp_path):
    got = tmp_path / "page.html"
    reader = tmp_path / "text-browser"
    program = f"import sys, urllib.request; open({str(got)!r}, 'wb').write(urllib.request.urlopen(sys.argv[1], timeout=60).read())"
    reader.write_text(f"#!{sys.executable}\n{program}\n")
    reader.chmod(0o755)
    command = [sys.executable, "predict_digit.py", "--port", "0"]
    environment = untrained_project.environment | {"BROWSER": f"{reader} %s"}
    with subprocess.Popen(
        command, cwd=untrained_project.folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as server:
        try:
            for _ in range(300):
                if got.exists() and got.stat().st_size:
                    break
                time.sleep(0.1)
        finally:
            server.terminate()
    assert "Draw a digit" in got.read_text(encoding="utf-8")


def test_in_the_local_network_each_request_needs_the_key_of_the_address(untrained_project, drawing):
    with serving(untrained_project, "--host", "0.0.0.0") as (printed, _):
        printed = urllib.parse.urlsplit(printed)
        key = urllib.parse.parse_qs(printed.query)["key"][0]
        assert len(key) >= 16
        address = f"http://127.0.0.1:{printed.port}"
        assert (
            ask(address, f"/?key={key}")[0] == 200
            and ask(address, f"/read?key={key}", body=drawing, Host=printed.netloc)[0] == 200
        )
        for path in ("/", "/?key=", f"/?key={key[:-1]}", f"/?other={key}"):
            status, answer = ask(address, path)
            assert status == 403 and "key" in answer
        assert ask(address, "/read", body=drawing)[0] == 403
        assert ask(address, f"/read?key={key}", body=drawing, Host="evil.example")[0] == 403


def test_an_address_of_another_machine_is_one_line(untrained_project):
    ran = untrained_project.run(sys.executable, "predict_digit.py", "--no-browser", "--host", "192.0.2.1", check=False)
    assert (
        ran.returncode == 1
        and ran.stdout.startswith("error: port 8028 of 192.0.2.1 cannot be used")
        and len(ran.stdout.splitlines()) == 1
    )
