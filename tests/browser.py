"""The drawing page, a headless Chromium to open it, and hands that draw in it: with a mouse, or with fingers."""

import shutil
import subprocess
import sys
from contextlib import contextmanager

import pytest

STROKES = {  # of each digit on a canvas of 280 × 280: lists of points
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
    """Serve the project's drawing page: yield its address. It ends when it is asked to, without a word."""
    with serving(project, *arguments) as (address, _):
        yield address


@contextmanager
def serving(project, *arguments):
    """Serve the page as `served` does: yield its address and the process."""
    command = [sys.executable, "predict_digit.py", "--no-browser", "--port", "0", *arguments]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, cwd=project.folder, env=project.environment, **pipes) as server:
        try:
            line = server.stdout.readline()
            assert line.startswith("draw at http://"), line + server.stdout.read()
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
    """Yield a browser that knows nothing but this machine; skip the test where there is none."""
    from playwright.sync_api import sync_playwright

    program = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    if program is None:
        pytest.skip("needs Chromium, to draw in it")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        browser.close()


class Hand:
    """Draws on an open page, and keeps what went wrong there."""

    def __init__(self, browser, address, touch=False, **options):
        self.page = browser.new_context(has_touch=touch, **options).new_page()
        self.touch, self.troubles, self.requests = touch, [], []
        self.page.on("console", lambda message: self.troubles.append(message.text))
        self.page.on("pageerror", lambda error: self.troubles.append(str(error)))
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.goto(address)
        self.fingers = self.page.context.new_cdp_session(self.page) if touch else None

    def place(self, point, width=280):
        box = self.page.locator("#canvas").bounding_box()
        return box["x"] + point[0] * box["width"] / width, box["y"] + point[1] * box["width"] / width

    def draw(self, strokes, width=280):
        for stroke in strokes:
            if self.touch:
                self.draw_at_once([stroke], width)
                continue
            self.page.mouse.move(*self.place(stroke[0], width))
            self.page.mouse.down()
            for point in stroke[1:]:
                self.page.mouse.move(*self.place(point, width), steps=4)
            self.page.mouse.up()

    def draw_at_once(self, strokes, width=280):
        """Draw each stroke with a finger of its own, all at the same time; they have as many points."""
        for step, points in enumerate(zip(*strokes, strict=True)):
            self._touch("touchMove" if step else "touchStart", [self.place(point, width) for point in points])
        self._touch("touchEnd", [])

    def _touch(self, kind, places):
        points = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(places)]
        self.fingers.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def answer(self):
        """Wait until the page has settled: the digits that it shows."""
        while self.page.evaluate("asking || changed"):
            self.page.wait_for_timeout(20)
        return self.page.locator("#digits").inner_text()
