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
CREDENTIALS = {f"Bearer {TOKEN}", "Basic " + base64.b64encode(b"someone:" + TOKEN.encode()).decode()}
PROXIES = ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY")


def zipped(files):
    """Zip {name: bytes}."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


class KaggleServer(http.server.ThreadingHTTPServer):
    """The server and its state, as a context manager.

    Attributes:
        archive: the bytes of the competition's archive.
        fault: the name of what goes wrong, or "ok".
        requests: paths of the requests so far, in order, and `hosts` their hosts.
        ranges: first byte of each download.
        uploads: the bytes of each uploaded answer file.
        submissions: {number: request}, and `lookups` how often the score of one was requested.
    """

    daemon_threads = True

    def __init__(self, files):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.archive, self.fault, self.closing = zipped(files), "ok", threading.Event()
        self.requests, self.hosts, self.uploads, self.ranges = [], [], [], []
        self.submissions, self.lookups = {}, 0
        self.address = f"http://127.0.0.1:{self.server_port}"

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=[0.02], daemon=True).start()
        return self

    def __exit__(self, *exception):
        self.closing.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, request, client_address):
        """Print nothing when a client closes the connection."""

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


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *arguments):
        pass

    def do_POST(self):
        kaggle, request = self.server, json.loads(self._read() or b"{}")
        if kaggle.fault == "hang":
            kaggle.closing.wait(30)
        elif self.headers.get("Authorization") not in CREDENTIALS:
            self._refuse(401, "Unauthenticated")
        elif kaggle.fault.isdigit():
            self._refuse(int(kaggle.fault), "fault")
        elif kaggle.fault == "429 then ok" and len(kaggle.requests) <= 2:
            self._refuse(429, "slow down")
        else:
            self._serve(self.path.rpartition("/")[2], request)

    def _serve(self, service, request):
        kaggle = self.server
        match service, kaggle.fault:
            case "DownloadDataFiles", _:
                assert request["competitionName"] == "digit-recognizer"
                self._answer(302, {}, Location=f"{kaggle.address}/storage/digit-recognizer.zip?signature=of-storage")
            case "StartSubmissionUpload", _:
                self._answer(200, {"token": "upload-1", "createUrl": f"{kaggle.address}/upload/1"})
            case "CreateSubmission", "daily limit":
                self._refuse(400, "Your team has used its submission allowance")
            case "CreateSubmission", "lost":
                self.close_connection = True
            case "CreateSubmission", _:
                ref = 42 + len(kaggle.submissions)
                kaggle.submissions[ref] = request
                self._answer(200, {"message": "Successfully submitted", "ref": ref})
            case "GetSubmission", "rejected":
                self._answer(200, {"status": "ERROR", "errorDescription": "Evaluation Exception: ids do not match"})
            case "GetSubmission", _:
                kaggle.lookups += 1
                waiting = kaggle.fault == "never scored" or (kaggle.fault == "slow scoring" and kaggle.lookups < 3)
                self._answer(
                    200, {"status": "PENDING"} if waiting else {"status": "COMPLETE", "publicScore": "0.99757"}
                )

    def do_GET(self):
        self._read()
        content, fault = self.server.archive, self.server.fault
        first = int(self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-"))
        self.server.ranges.append(first)
        md5 = base64.b64encode(bytes(16) if fault == "wrong MD5" else hashlib.md5(content).digest()).decode()
        headers = {"Accept-Ranges": "bytes", "x-goog-hash": f"md5={md5}"}
        self._answer(206 if first else 200, content[first:], cut=fault == "cut", **headers)

    def do_PUT(self):
        self.server.uploads.append(self._read())
        self._answer(403 if self.server.fault == "failed upload" else 200, {})

    def _read(self):
        self.server.requests.append(self.path)
        self.server.hosts.append(self.headers.get("Host", ""))
        return self.rfile.read(int(self.headers.get("Content-Length") or 0))

    def _refuse(self, status, message):
        self._answer(status, {"code": status, "message": message})

    def _answer(self, status, answer, cut=False, **headers):
        """Send bytes, or a dictionary as JSON; `cut` closes the connection after three quarters."""
        content = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.send_response(status)
        kind = "application/zip" if isinstance(answer, bytes) else "application/json"
        for name, value in (headers | {"Content-Type": kind, "Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content[: len(content) * 3 // 4] if cut else content)
        self.close_connection = cut
