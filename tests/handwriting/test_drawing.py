"""Drawing on the page in a real browser, with a mouse and with fingers."""

import pytest
from browser import STROKES, Hand, chromium, served

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


def ink_on(hand):
    return hand.page.evaluate(
        "context.getImageData(0, 0, canvas.width, canvas.height).data.filter((v, i) => i % 4 == 0 && v < 128).length"
    )


@pytest.mark.parametrize("touch", [False, True], ids=["mouse", "touch"])
def test_drawing_undoing_and_clearing(browser, address, touch):
    hand = Hand(browser, address, touch)
    assert hand.answer() == "" and hand.page.locator("#undo").is_disabled()
    hand.draw(STROKES[4][:1])
    half, answered = ink_on(hand), hand.answer()
    assert half > 1000 and answered in "0123456789" and len(answered) == 1
    hand.draw(STROKES[4][1:])
    assert ink_on(hand) > half
    hand.page.click("#undo")
    assert ink_on(hand) == half and hand.answer() == answered
    hand.page.keyboard.press("z")
    assert ink_on(hand) == 0 and hand.answer() == ""
    hand.draw(STROKES[7])
    hand.page.click("#clear")
    assert ink_on(hand) == 0 and hand.answer() == ""
    assert hand.page.locator("tr.best").count() == 0
    assert hand.troubles == []
    assert all(url.startswith((address, "data:", "blob:")) for url in hand.requests)


def test_the_brush_has_a_width_and_keys(browser, address):
    hand = Hand(browser, address)
    hand.draw(STROKES[1])
    usual = ink_on(hand)
    hand.page.keyboard.press("c")
    for _ in range(5):
        hand.page.keyboard.press("]")
    hand.draw(STROKES[1])
    assert ink_on(hand) > 1.3 * usual


def test_a_resized_window_keeps_the_drawing_and_the_pen_under_the_pointer(browser, address):
    hand = Hand(browser, address, viewport={"width": 1200, "height": 800})
    hand.draw(STROKES[7])
    before, answered = ink_on(hand), hand.answer()
    hand.page.set_viewport_size({"width": 360, "height": 700})
    assert ink_on(hand) == before and hand.answer() == answered
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    hand.page.keyboard.press("c")
    hand.draw(STROKES[7])
    assert ink_on(hand) == pytest.approx(before, rel=0.02)


def test_two_fingers_draw_two_strokes_at_once(browser, address):
    hand = Hand(browser, address, touch=True)
    left, right = [(60, 50), (60, 140), (60, 230)], [(220, 50), (220, 140), (220, 230)]
    hand.draw_at_once([left, right])
    assert hand.page.evaluate("strokes.length") == 2
    columns = hand.page.evaluate("[60, 140, 220].map(x => context.getImageData(x, 140, 1, 1).data[0])")
    assert columns == [0, 255, 0]
    hand.page.click("#undo")
    assert hand.page.evaluate("strokes.length") == 1


def test_a_wide_canvas_takes_several_digits(browser, address):
    hand = Hand(browser, address)
    hand.page.keyboard.press("n")
    for place, digit in enumerate((4, 2, 7)):
        hand.draw([[(x + 270 * place, y) for x, y in stroke] for stroke in STROKES[digit]], width=840)
    assert len(hand.answer()) == 3 and hand.page.locator("#seen img").count() == 3
    hand.page.locator("#seen button").first.click()
    assert hand.page.locator("tr.best th").inner_text() == hand.answer()[0]
    hand.page.keyboard.press("n")
    assert hand.answer() == "" and hand.page.evaluate("canvas.width") == 280


def test_a_click_that_draws_nothing_leaves_nothing_to_undo(browser, address):
    hand = Hand(browser, address)
    hand.page.mouse.click(*[hand.page.locator("#canvas").bounding_box()[side] + 80 for side in "xy"])
    assert ink_on(hand) == 0 and hand.page.locator("#undo").is_disabled() and hand.answer() == ""


def test_two_digits_drawn_as_one_get_a_hint(browser, address):
    hand = Hand(browser, address)
    for left in (0, 130):
        hand.draw([[(20 + left, 60), (24 + left, 150), (20 + left, 230)]])
    hand.answer()
    hand.page.wait_for_selector("#hint:has-text('For 2 digits, press “Several digits”')")


@pytest.mark.parametrize(("width", "touch"), [(375, True), (1200, False)])
def test_many_digits_and_their_images_do_not_overlap(browser, address, width, touch):
    hand = Hand(browser, address, touch, viewport={"width": width, "height": 900}, is_mobile=touch)
    hand.page.click("#number")
    hand.draw([[(30 + 62 * place, 60), (34 + 62 * place, 200)] for place in range(12)], width=840)
    assert len(hand.answer()) == 12
    digits, images = (hand.page.locator(name).bounding_box() for name in ("#digits", "#seen"))
    assert digits["y"] + digits["height"] <= images["y"] + 1
    assert max(digits["x"] + digits["width"], images["x"] + images["width"]) <= width
    assert "press an image" in hand.page.inner_text("#hint")
    assert hand.page.locator("kbd").first.is_visible() != touch, "a phone has no keys"


def test_when_the_server_has_ended_the_page_says_so(browser, untrained_project):
    with served(untrained_project) as address:
        hand = Hand(browser, address)
    hand.draw(STROKES[1])
    hand.page.wait_for_selector("#trouble:has-text('has predict_digit.py ended?')")
