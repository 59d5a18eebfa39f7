"""A server on loopback with the part of Kaggle's API that kagglesdk and kagglehub use, and with faults.

The clients use it as their proxy for all addresses, so that no request leaves the machine.
"""

import base64
import hashlib
import http.server
import io
import json
import secrets
import threading
import zipfile

TOKEN = "KGAT_" + secrets.token_hex(16)  # random, so that no file contains a secret
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")


def zipped(files):
    """Zip {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class KaggleServer:
    """The server and its state.

    Attributes:
        archive: the bytes of the competition's archive.
        fault: the name of what goes wrong, or "ok".
        requests: paths of the requests so far, in order, and `hosts` their hosts.
        ranges: first byte of each download.
        uploads: the bytes of each uploaded answer file.
        submissions: {number: request}, and `lookups` how often the score of one was requested.
    """

    def __init__(self, files):
        self.archive, self.fault = zipped(files), "ok"
        self.requests, self.hosts, self.uploads, self.ranges = [], [], [], []
        self.submissions, self.lookups = {}, 0
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        self.address = f"http://127.0.0.1:{self._server.server_port}"
        self.closing = threading.Event()

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()

    def environment(self, home):
        """Return the environment variables with which a client sends its requests to this server."""
        return dict.fromkeys(PROXIES, self.address) | {
            "HOME": str(home),
            "KAGGLEHUB_CACHE": str(home / "cache"),
            "KAGGLE_CONFIG_DIR": str(home / ".kaggle"),
            "KAGGLE_API_ENVIRONMENT": "LOCALHOST",
            "KAGGLE_API_TOKEN": TOKEN,
            "no_proxy": "",
            "NO_PROXY": "",
        }

    def connect(self, home, monkeypatch):
        """Have the clients in this process use this server, with short timeouts and without delays."""
        for name in ("KAGGLE_USERNAME", "KAGGLE_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in self.environment(home).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("digits.data.kaggle_client.TIMEOUTS", (5, 5))
        monkeypatch.setattr("digits.data.kaggle_client.RETRIES.backoff_factor", 0)

    def count(self, path):
        """Count the requests whose path contains a text."""
        return sum(path in request for request in self.requests)


class _Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """Print nothing when a client closes the connection."""


def _handler(kaggle):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *arguments):
            pass

        def do_POST(self):
            request = json.loads(self._read() or b"{}")
            if kaggle.fault == "hang":
                kaggle.closing.wait(30)
            elif kaggle.fault == "401" or self.headers.get("Authorization") not in CREDENTIALS:
                self._answer(401, {"code": 401, "message": "Unauthenticated"})
            elif kaggle.fault in ("403", "404", "429", "503"):
                self._answer(int(kaggle.fault), {"code": int(kaggle.fault), "message": "fault"})
            elif kaggle.fault == "429 then ok" and len(kaggle.requests) <= 2:
                self._answer(429, {"code": 429, "message": "slow down"})
            else:
                services = {
                    "DownloadDataFiles": self._download,
                    "StartSubmissionUpload": self._start_upload,
                    "CreateSubmission": self._create_submission,
                    "GetSubmission": self._get_submission,
                }
                services[self.path.rpartition("/")[2]](request)

        def _download(self, request):
            assert request["competitionName"] == "digit-recognizer"
            self._answer(302, {}, Location=f"{kaggle.address}/storage/digit-recognizer.zip?signature=of-storage")

        def do_GET(self):
            self._read()
            first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
            kaggle.ranges.append(first)
            digest = bytes(16) if kaggle.fault == "wrong MD5" else hashlib.md5(kaggle.archive).digest()
            rest = kaggle.archive[first:]
            self.send_response(206 if first else 200)
            self.send_header("Content-Type", "application/zip")
            self.send_header("Content-Length", str(len(rest)))
            self.send_header("Accept-Ranges", "bytes")
            self.send_header("x-goog-hash", "md5=" + base64.b64encode(digest).decode())
            self.end_headers()
            if kaggle.fault == "cut":
                rest = rest[: len(rest) * 3 // 4]
                self.close_connection = True
            self.wfile.write(rest)

        def _start_upload(self, request):
            self._answer(200, {"token": "upload-1", "createUrl": f"{kaggle.address}/upload/1"})

        def do_PUT(self):
            kaggle.uploads.append(self._read())
            self._answer(403 if kaggle.fault == "failed upload" else 200, {})

        def _create_submission(self, request):
            if kaggle.fault == "daily limit":
                return self._answer(400, {"code": 400, "message": "Your team has used its submission allowance"})
            if kaggle.fault == "lost":
                self.close_connection = True
                return None
            ref = 42 + len(kaggle.submissions)
            kaggle.submissions[ref] = request
            return self._answer(200, {"message": "Successfully submitted", "ref": ref})

        def _get_submission(self, request):
            kaggle.lookups += 1
            if kaggle.fault == "rejected":
                state = {"status": "ERROR", "errorDescription": "Evaluation Exception: ids do not match"}
            elif kaggle.fault == "never scored" or (kaggle.fault == "slow scoring" and kaggle.lookups < 3):
                state = {"status": "PENDING"}
            else:
                state = {"status": "COMPLETE", "publicScore": "0.99757"}
            self._answer(200, {"ref": request["ref"], **state})

        def _read(self):
            kaggle.requests.append(self.path)
            kaggle.hosts.append(self.headers.get("Host", ""))
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))

        def _answer(self, status, answer, **headers):
            content = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in (headers | {"Content-Type": "application/json"}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


CREDENTIALS = {f"Bearer {TOKEN}", "Basic " + base64.b64encode(b"someone:" + TOKEN.encode()).decode()}
