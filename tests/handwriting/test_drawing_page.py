"""The server of the drawing page: it predicts drawings, and accepts requests of its own page only."""

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

from digits import arrays

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def drawing(few_digits):
    """A digit as the page sends it."""
    return png(Image.fromarray(255 - few_digits[0][3]).resize((280, 280)))


def ask(address, path="/read", body=None, **headers):
    """Send a request, a POST with a body: the status and the content of the response, decoded if it is JSON."""
    request = urllib.request.Request(address + path, body, headers)
    try:
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=30) as response:
            content = response.read().decode()
            is_json = response.headers["content-type"] == "application/json"
            return response.status, json.loads(content) if is_json else content
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_drawing_gets_its_probabilities_and_the_input_of_the_network(address, drawing):
    status, content = ask(address, body=drawing)
    assert status == 200 and content["found"] == len(content["digits"]) == 1
    prediction = content["digits"][0]
    assert len(prediction["probabilities"]) == 10
    assert prediction["digit"] == int(np.argmax(prediction["probabilities"]))
    image = Image.open(io.BytesIO(base64.b64decode(prediction["image"].removeprefix("data:image/png;base64,"))))
    assert image.size == (28, 28) and np.asarray(image).max() == 255


def test_a_blank_canvas_gets_no_prediction(address):
    assert ask(address, body=png(Image.new("L", (280, 280), 255))) == (200, {"digits": [], "found": 0})


def test_the_page_loads_nothing_from_outside(address):
    status, page = ask(address, "/")
    assert status == 200 and "{{" not in page
    assert not any(outside in page for outside in ("src=", "@import", "http:", "https:", "url("))


@pytest.mark.parametrize(("members", "count"), [([1], 60), ([0, 2], 90)], ids=["one member", "two members"])
def test_the_page_counts_the_images_that_a_listed_member_was_trained_on(tmp_path, monkeypatch, members, count):
    """Of 100 images, 10 are held out; each of the three folds has 30."""
    from digits.handwriting import drawing_page

    fold = np.array([arrays.HELD_OUT] * 10 + [0, 1, 2] * 30, np.int8)
    (tmp_path / "data/prepared").mkdir(parents=True)
    images, labels = np.zeros((100, 28, 28), np.uint8), np.zeros(100, np.uint8)
    arrays.save(tmp_path / "data/prepared/labelled.npz", images=images, labels=labels, fold=fold)
    (tmp_path / "params.yaml").write_text(json.dumps({"members": members}))
    lock = {"stages": {"fetch": {"params": {"params.yaml": {"source": "mnist"}}}}}
    (tmp_path / "dvc.lock").write_text(json.dumps(lock))
    monkeypatch.chdir(tmp_path)
    description = drawing_page.describe_training_images()
    assert f" {count} images" in description and "MNIST" in description


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Host": "evil.example"}, 403),
        ({"Host": "127.0.0.1.evil.example"}, 403),
        ({"Host": "localhost:9000"}, 200),  # through an SSH tunnel
        ({"Host": "localhost:9000", "Origin": "http://localhost:9000"}, 200),
        ({"Host": "localhost:9000", "Origin": "http://localhost:8000"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({}, 200),
    ],
)
def test_other_sites_are_refused(address, drawing, headers, status):
    assert ask(address, body=drawing, **headers)[0] == status
    own_host = address.removeprefix("http://")
    assert ask(address, body=drawing, Host=own_host, Origin=address)[0] == 200


INVALID = {
    "empty": lambda drawing: b"",
    "text": lambda drawing: b"digit please",
    "half a picture": lambda drawing: drawing[: len(drawing) // 2],
    "another format": lambda drawing: b"GIF89a" + drawing,
    "decompression bomb": lambda drawing: bomb(60_000),
    "wrong checksum": lambda drawing: drawing[:60] + bytes([drawing[60] ^ 255]) + drawing[61:],
}


@pytest.mark.parametrize("invalid", INVALID.values(), ids=INVALID)
def test_an_invalid_drawing_gets_a_400_and_the_server_continues(address, drawing, invalid):
    status, content = ask(address, body=invalid(drawing))
    assert status == 400 and json.loads(content)["error"].startswith("the drawing ")
    assert ask(address, body=drawing)[0] == 200


def test_too_many_digits_get_a_reason_that_the_page_can_show(address):
    dots = np.full((280, 840), 255, np.uint8)
    dots[10:40, 10:830:20] = 0
    status, content = ask(address, "/read?number", body=png(Image.fromarray(dots)))
    assert status == 400 and "more than 30 digits" in json.loads(content)["error"]


def test_other_paths_methods_and_sizes_are_refused(address, drawing):
    assert ask(address, "/models/member-0.keras")[0] == 404
    assert ask(address, "/../params.yaml")[0] == 404
    assert ask(address, "/read")[0] == 405
    assert ask(address, body=bytes(2_000_001))[0] == 413
    assert ask(address, body=drawing)[0] == 200


def test_other_addresses_of_the_machine_do_not_accept_connections(address):
    port = int(address.rsplit(":", 1)[1])
    with socket.socket() as client:
        client.settimeout(2)
        assert client.connect_ex(("127.0.0.2", port)) != 0


def test_simultaneous_requests_get_the_same_response(address, drawing):
    with ThreadPoolExecutor(20) as pool:
        responses = list(pool.map(lambda _: ask(address, body=drawing), range(60)))
    assert all(response == responses[0] for response in responses) and responses[0][0] == 200


def test_an_address_that_cannot_be_used_is_reported_in_one_line(untrained_project, address):
    for host, port in [("127.0.0.1", address.rsplit(":", 1)[1]), ("192.0.2.1", "8028")]:
        command = "python", "predict_digit.py", "--no-browser", "--host", host, "--port", port
        ran = untrained_project.run(*command, check=False)
        assert ran.returncode == 1 and "Traceback" not in ran.stdout
        message = ran.stdout.splitlines()[-1]
        assert message.startswith("error: ") and f"port {port} of {host}" in message


def test_a_browser_that_blocks_its_caller_gets_the_page(untrained_project, tmp_path):
    """As a text browser does."""
    page, browser = tmp_path / "page.html", tmp_path / "browser"
    browser.write_text(
        f"#!{sys.executable}\nimport sys, urllib.request\n"
        f"open({str(page)!r}, 'wb').write(urllib.request.urlopen(sys.argv[1], timeout=60).read())\n"
    )
    browser.chmod(0o755)
    command = [sys.executable, "predict_digit.py", "--port", "0"]
    environment = untrained_project.environment | {"BROWSER": f"{browser} %s"}
    with subprocess.Popen(command, cwd=untrained_project.folder, env=environment, stdout=subprocess.DEVNULL) as server:
        try:
            for _ in range(300):
                if page.exists() and page.stat().st_size:
                    break
                time.sleep(0.1)
        finally:
            server.terminate()
    assert "Draw a digit" in page.read_text(encoding="utf-8")


def test_in_the_local_network_each_request_needs_the_key_of_the_address(untrained_project, drawing):
    with serving(untrained_project, "--host", "0.0.0.0") as (printed, _):
        url = urllib.parse.urlsplit(printed)
        key = urllib.parse.parse_qs(url.query)["key"][0]
        assert len(key) >= 16
        address = f"http://127.0.0.1:{url.port}"
        assert ask(address, f"/?key={key}")[0] == 200
        assert ask(address, f"/read?key={key}", body=drawing, Host=url.netloc)[0] == 200
        for path in ("/", "/?key=", f"/?key={key[:-1]}", f"/?other={key}"):
            status, content = ask(address, path)
            assert status == 403 and "key" in content
        assert ask(address, "/read", body=drawing)[0] == 403
        assert ask(address, f"/read?key={key}", body=drawing, Host="evil.example")[0] == 403
