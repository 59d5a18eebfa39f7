"""The drawing page in Chromium, with a mouse and with fingers."""

import pytest
from browser import STROKES, Hand, chromium, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def count_dark_pixels(hand):
    return hand.page.evaluate(
        "context.getImageData(0, 0, canvas.width, canvas.height).data.filter((v, i) => i % 4 == 0 && v < 128).length"
    )


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_each_change_of_the_drawing_updates_the_prediction(browser, address, touch):
    hand = Hand(browser, address, touch)
    assert hand.answer() == "" and hand.page.locator("#undo").is_disabled()
    hand.draw(STROKES[4][:1])
    dark, digit = count_dark_pixels(hand), hand.answer()
    assert dark > 1000 and digit in "0123456789" and len(digit) == 1
    hand.draw(STROKES[4][1:])
    assert count_dark_pixels(hand) > dark
    hand.page.click("#undo")
    assert count_dark_pixels(hand) == dark and hand.answer() == digit
    hand.page.keyboard.press("z")
    assert count_dark_pixels(hand) == 0 and hand.answer() == ""
    hand.draw(STROKES[7])
    hand.page.click("#clear")
    assert count_dark_pixels(hand) == 0 and hand.answer() == ""
    assert hand.page.locator("tr.best").count() == 0
    assert hand.problems == []
    assert all(url.startswith((address, "data:", "blob:")) for url in hand.requests)


def test_a_key_widens_the_brush(browser, address):
    hand = Hand(browser, address)
    hand.draw(STROKES[1])
    dark = count_dark_pixels(hand)
    hand.page.keyboard.press("c")
    for _ in range(5):
        hand.page.keyboard.press("]")
    hand.draw(STROKES[1])
    assert count_dark_pixels(hand) > 1.3 * dark


def test_a_resized_window_keeps_the_drawing_and_the_pen_under_the_pointer(browser, address):
    hand = Hand(browser, address, viewport={"width": 1200, "height": 800})
    hand.draw(STROKES[7])
    dark, digit = count_dark_pixels(hand), hand.answer()
    hand.page.set_viewport_size({"width": 360, "height": 700})
    assert count_dark_pixels(hand) == dark and hand.answer() == digit
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    hand.page.keyboard.press("c")
    hand.draw(STROKES[7])
    assert count_dark_pixels(hand) == pytest.approx(dark, rel=0.02)


def test_two_fingers_draw_two_strokes_at_the_same_time(browser, address):
    hand = Hand(browser, address, touch=True)
    hand.draw_at_once([[(x, 50), (x, 140), (x, 230)] for x in (60, 220)])
    assert hand.page.evaluate("strokes.length") == 2
    columns = hand.page.evaluate("[60, 140, 220].map(x => context.getImageData(x, 140, 1, 1).data[0])")
    assert columns == [0, 255, 0]
    hand.page.click("#undo")
    assert hand.page.evaluate("strokes.length") == 1


def test_a_click_draws_nothing_and_leaves_nothing_to_undo(browser, address):
    hand = Hand(browser, address)
    hand.page.click("#canvas")
    assert count_dark_pixels(hand) == 0 and hand.page.locator("#undo").is_disabled() and hand.answer() == ""


def test_two_digits_drawn_as_one_get_a_hint(browser, address):
    hand = Hand(browser, address)
    for left in (20, 150):
        hand.draw([[(left, 60), (left + 4, 150), (left, 230)]])
    assert len(hand.answer()) == 1
    hint = hand.page.inner_text("#hint")
    assert "2 digits" in hint and "“Several digits”" in hint


@pytest.mark.parametrize(("width", "touch"), [(375, True), (1200, False)], ids=["phone", "desktop"])
def test_a_number_shows_each_digit_and_nothing_overlaps(browser, address, width, touch):
    hand = Hand(browser, address, touch, viewport={"width": width, "height": 900}, is_mobile=touch)
    hand.page.click("#number")
    hand.draw([[(30 + 62 * place, 60), (34 + 62 * place, 200)] for place in range(12)], width=840)
    predicted = hand.answer()
    assert len(predicted) == hand.page.locator("#images img").count() == 12
    digits, images = (hand.page.locator(name).bounding_box() for name in ("#digits", "#images"))
    assert digits["y"] + digits["height"] <= images["y"] + 1
    assert max(digits["x"] + digits["width"], images["x"] + images["width"]) <= width
    hand.page.locator("#images button").first.click()
    assert hand.page.locator("tr.best th").inner_text() == predicted[0]
    assert hand.page.locator("kbd").first.is_visible() != touch, "shortcuts are shown only where there is a keyboard"
    hand.page.click("#number")
    assert hand.answer() == "" and hand.page.evaluate("canvas.width") == 280


def test_the_page_reports_that_the_server_has_stopped(browser, untrained_project):
    with served(untrained_project) as address:
        hand = Hand(browser, address)
    hand.draw(STROKES[1])
    hand.page.wait_for_selector("#error:has-text('predict_digit.py')")
