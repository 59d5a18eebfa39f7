"""A headless Chromium, and a hand that draws on an open page with a mouse or with fingers."""

import shutil
from contextlib import contextmanager

import pytest

STROKES = {  # digit → strokes, lists of points in a square of 280 × 280
    0: [[(140, 50), (90, 85), (75, 150), (95, 215), (140, 235), (190, 205), (205, 140), (185, 80), (140, 50)]],
    1: [[(145, 45), (140, 235)]],
    2: [[(85, 90), (110, 55), (160, 50), (190, 85), (175, 130), (120, 180), (80, 230), (205, 230)]],
    3: [[(90, 65), (140, 45), (185, 75), (165, 120), (125, 135), (175, 150), (195, 195), (150, 235), (85, 215)]],
    4: [[(120, 50), (80, 150), (200, 150)], [(170, 60), (165, 235)]],
    5: [[(190, 50), (105, 50), (95, 125), (150, 115), (195, 155), (180, 215), (130, 235), (80, 215)]],
    6: [[(175, 50), (115, 100), (85, 170), (105, 225), (155, 235), (190, 195), (165, 155), (115, 165), (88, 190)]],
    7: [[(80, 55), (200, 55), (160, 130), (125, 235)]],
    8: [[(180, 70), (140, 45), (100, 70), (115, 115), (165, 150), (190, 195), (145, 235), (95, 205), (180, 75)]],
    9: [[(190, 95), (150, 50), (100, 75), (95, 125), (140, 140), (185, 110), (190, 90), (180, 160), (160, 235)]],
}


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
        self.devtools = self.page.context.new_cdp_session(self.page)

    def draw(self, strokes, left=70, top=0, scale=1.0):
        """Draw strokes one after another, from a corner in units of the canvas, which is 420 × 280."""
        for stroke in strokes:
            points = [self.on_page((left + scale * x, top + scale * y)) for x, y in stroke]
            if self.touch:
                self.draw_at_once([points])
                continue
            self.page.mouse.move(*points[0])
            self.page.mouse.down()
            for point in points[1:]:
                self.page.mouse.move(*point, steps=4)
            self.page.mouse.up()

    def draw_at_once(self, strokes, end="touchEnd"):
        """Draw strokes of equally many points on the page at the same time, each with its own finger."""
        for step, points in enumerate(zip(*strokes, strict=True)):
            self.send_touch("touchMove" if step else "touchStart", points)
        self.send_touch(end, [])

    def send_touch(self, kind, points):
        touches = [{"x": x, "y": y, "id": finger} for finger, (x, y) in enumerate(points)]
        self.devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": touches})

    def send_pen(self, kind, point):
        x, y = point
        pen = {"pointerType": "pen", "button": "left", "buttons": 1, "clickCount": 1}
        self.devtools.send("Input.dispatchMouseEvent", {"type": kind, "x": x, "y": y} | pen)

    def on_page(self, point):
        """Convert a point on the canvas, which is 420 × 280, to one on the page."""
        box = self.page.locator("#canvas").bounding_box()
        return box["x"] + point[0] * box["width"] / 420, box["y"] + point[1] * box["width"] / 420

    def answer(self):
        """Wait for the prediction: the digits that the page shows."""
        while self.page.evaluate("waiting"):
            self.page.wait_for_timeout(20)
        return self.page.locator("#number").inner_text()

    def counts(self):
        """Return the numbers of strokes and of kept drawings."""
        return self.page.evaluate("[state.strokes.length, state.kept.length]")
