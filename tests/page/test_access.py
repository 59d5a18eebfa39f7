"""The drawing page on other screens and keyboards, with forced colours, and for screen readers."""

import pytest
from browser import STROKES, Hand

pytestmark = pytest.mark.slow


def press(hand, **event):
    """Press a key of another keyboard."""
    hand.page.evaluate("event => dispatchEvent(new KeyboardEvent('keydown', event))", event)


def test_shortcuts_work_on_other_keyboards(browser, address):
    hand = Hand(browser, address)

    for event in ({"key": "я", "code": "KeyZ"}, {"key": "z", "code": "KeyY"}, {"key": "с", "code": "KeyC"}):
        hand.draw(STROKES[1])
        press(hand, **event)
        assert hand.counts()[0] == 0
    hand.draw(STROKES[1])
    press(hand, key="y", code="KeyZ")  # on a German keyboard
    press(hand, key="c", code="KeyC", ctrlKey=True)
    assert hand.counts()[0] == 1, "copies"
    brush = hand.page.locator("#brush")
    press(hand, key="]", code="Digit9", altKey=True, ctrlKey=True)  # AltGr
    assert brush.input_value() == "24" and hand.counts() == [1, 0]
    press(hand, key="è", code="Digit7")
    assert hand.counts() == [0, 1] and hand.page.evaluate("state.kept[0].label") == 7


@pytest.mark.parametrize(
    ("width", "height", "text"),
    [(1280, 800, 100), (390, 844, 100), (360, 640, 200), (568, 320, 100)],
    ids=["desktop", "phone", "large text", "landscape"],
)
def test_the_page_fits_and_can_be_scrolled_past_the_canvas(browser, address, width, height, text):
    hand = Hand(browser, address, viewport={"width": width, "height": height}, color_scheme="dark")
    hand.page.evaluate(f"document.documentElement.style.fontSize = '{text}%'")
    hand.draw(STROKES[8])
    digit = hand.answer()
    hand.page.keyboard.press("8")
    hand.page.evaluate("element.inside.open = true")
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert hand.page.locator("#canvas").bounding_box()["height"] <= 0.85 * height
    hand.page.keyboard.press("z")
    hand.page.set_viewport_size({"width": height, "height": width})
    assert hand.answer() == digit, "a rotated screen keeps the drawing"


def test_with_forced_colours_the_bars_and_the_ink_are_visible(browser, address):
    hand = Hand(browser, address, forced_colors="active", color_scheme="dark")
    hand.draw(STROKES[0])
    hand.answer()
    colours = "([selector, name]) => getComputedStyle(document.querySelector(selector))[name]"
    paper = hand.page.evaluate(colours, ["#canvas", "backgroundColor"])
    assert hand.page.evaluate(colours, ["#canvas", "color"]) != paper
    for bar in (".best .bar", "button:not(.best) .bar"):
        assert hand.page.evaluate(colours, [f"#bars {bar}", "backgroundColor"]) != paper


def test_screen_readers_get_a_name_for_the_canvas_and_each_final_prediction(browser, address):
    hand = Hand(browser, address)
    assert hand.page.get_by_role("img", name="Drawing area").is_visible()
    hand.draw(STROKES[1])
    digit = hand.answer()
    assert hand.page.get_by_role("status").inner_text().startswith(f"{digit}. ")
    assert hand.page.get_by_role("button", name=f"{digit}: ").is_enabled()
