"""Serve the drawing page, and draw on it in a headless Chromium with a mouse or with fingers."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

STROKES = {  # digit → strokes, lists of points on a canvas of 280 × 280
    0: [[(140, 50), (90, 85), (75, 150), (95, 215), (140, 235), (190, 205), (205, 140), (185, 80), (140, 50)]],
    1: [[(145, 45), (140, 235)]],
    2: [[(85, 90), (110, 55), (160, 50), (190, 85), (175, 130), (120, 180), (80, 230), (205, 230)]],
    3: [[(90, 65), (140, 45), (185, 75), (165, 120), (125, 135), (175, 150), (195, 195), (150, 235), (85, 215)]],
    4: [[(120, 50), (80, 150), (200, 150)], [(170, 60), (165, 235)]],
    5: [[(190, 50), (105, 50), (95, 125), (150, 115), (195, 155), (180, 215), (130, 235), (80, 215)]],
    6: [[(175, 50), (115, 100), (85, 170), (105, 225), (155, 235), (190, 195), (165, 155), (115, 165), (88, 190)]],
    7: [[(80, 55), (200, 55), (160, 130), (125, 235)]],
    8: [
        [
            (180, 70),
            (140, 45),
            (100, 70),
            (115, 115),
            (165, 150),
            (190, 195),
            (145, 235),
            (95, 205),
            (115, 150),
            (165, 115),
            (180, 75),
        ]
    ],
    9: [[(190, 95), (150, 50), (100, 75), (95, 125), (140, 140), (185, 110), (190, 90), (180, 160), (160, 235)]],
}


@contextmanager
def served(project, *arguments):
    """Serve the project's drawing page: yield its address."""
    with serving(project, *arguments) as (address, _):
        yield address


@contextmanager
def serving(project, *arguments):
    """Serve the project's drawing page: yield its address and the process, which must end without printing anything."""
    command = [sys.executable, "predict_digit.py", "--no-browser", "--port", "0", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=project.folder, env=project.environment, **pipes) as server:
        try:
            lines = iter(server.stdout.readline, "")
            line = next((line for line in lines if line.startswith("draw at http://")), None)
            assert line, "the server has not started"
            yield line.split()[2], server
        finally:
            server.terminate()
            try:
                server.wait(10)
            except subprocess.TimeoutExpired:
                server.kill()
                raise
        assert server.stdout.read().strip() == ""


@contextmanager
def chromium():
    """Yield a headless Chromium; skip the test if it is not installed."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("needs Chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


class Hand:
    """Draws on an open page, and records its errors, console messages and requests."""

    def __init__(self, browser, address, touch=False, **options):
        self.page = browser.new_context(has_touch=touch, **options).new_page()
        self.touch, self.problems, self.requests = touch, [], []
        self.page.on("console", lambda message: self.problems.append(message.text))
        self.page.on("pageerror", lambda error: self.problems.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.devtools = self.page.context.new_cdp_session(self.page) if touch else None

    def draw(self, strokes, width=280):
        """Draw strokes one after another; `width` is that of the canvas in the strokes' coordinates."""
        for stroke in strokes:
            if self.touch:
                self.draw_at_once([stroke], width)
                continue
            self.page.mouse.move(*self._on_page(stroke[0], width))
            self.page.mouse.down()
            for point in stroke[1:]:
                self.page.mouse.move(*self._on_page(point, width), steps=4)
            self.page.mouse.up()

    def draw_at_once(self, strokes, width=280):
        """Draw strokes of equally many points at the same time, each with its own finger."""
        for step, points in enumerate(zip(*strokes, strict=True)):
            self._touch("touchMove" if step else "touchStart", [self._on_page(point, width) for point in points])
        self._touch("touchEnd", [])

    def _on_page(self, point, width):
        box = self.page.locator("#canvas").bounding_box()
        return box["x"] + point[0] * box["width"] / width, box["y"] + point[1] * box["width"] / width

    def _touch(self, kind, points):
        touches = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def answer(self):
        """Wait for the responses to all requests: the digits that the page shows."""
        while self.page.evaluate("requesting || changed"):
            self.page.wait_for_timeout(20)
        return self.page.locator("#digits").inner_text()
