"""The drawing page in Chromium: with mouse, fingers, pen and keys, on a desktop and on phones."""

import itertools
import re
import sys

import numpy as np
import pytest
from browser import STROKES, Hand

from digits import arrays
from digits.data import kaggle_csv

pytestmark = pytest.mark.slow

CROSSED_7 = [[(80, 55), (200, 55), (130, 235)], [(105, 145), (190, 140)]]
TWO_STROKE_5 = [
    [(100, 50), (95, 125), (150, 115), (195, 155), (180, 215), (130, 235), (80, 215)],
    [(98, 52), (190, 48)],
]
PHONE = {"touch": True, "viewport": {"width": 390, "height": 844}, "is_mobile": True}


@pytest.mark.parametrize("options", [{}, PHONE], ids=["mouse", "touch"])
def test_each_digit_is_drawn_predicted_and_cleared_without_a_request(browser, address, options):
    hand = Hand(browser, address, **options)
    assert hand.answer() == "" and hand.page.locator("#undo").is_disabled()
    read = ""
    for strokes in STROKES.values():
        hand.draw(strokes)
        read += hand.answer()
        assert hand.page.locator("#bars .best .digit").inner_text() == read[-1]
        hand.page.click("#clear")
        assert hand.answer() == "" and hand.page.locator("#bars .best").count() == 0
    assert sum(a == b for a, b in zip(read, "0123456789", strict=True)) >= 9
    assert hand.page.locator("kbd").first.is_visible() != hand.touch, (
        "shortcuts are shown only where there is a keyboard"
    )
    assert hand.problems == [] and [url for url in hand.requests if not url.startswith("data:")] == [address]


def test_strokes_that_overlap_horizontally_are_one_digit(browser, address):
    hand = Hand(browser, address, viewport={"width": 1280, "height": 800})
    hand.draw(CROSSED_7, left=0, top=60, scale=0.6)
    hand.draw(TWO_STROKE_5, left=110, top=60, scale=0.6)
    hand.draw(STROKES[4], left=240, top=60, scale=0.6)
    assert hand.answer() == "754"
    shown = hand.page.locator("#predictions button")
    assert shown.all_inner_texts() == ["7", "5", "4"]
    for button, drawing in zip(
        shown.all(), hand.page.evaluate("digits.map(({left, right}) => [left, right])"), strict=True
    ):
        box, (left, right) = button.bounding_box(), drawing
        assert hand.on_page((left, 0))[0] < box["x"] + box["width"] / 2 < hand.on_page((right, 0))[0], "under the digit"
    shown.first.click()
    assert hand.page.locator("#bars .best .digit").inner_text() == "7"
    hand.page.keyboard.press("7")  # keeps the digit that is shown
    assert hand.answer() == "54" and hand.counts() == [4, 1]


def test_twelve_digits_fit_under_the_canvas_of_a_phone(browser, address):
    hand = Hand(browser, address, **PHONE)
    hand.draw([[(22 + 34 * place, 80), (24 + 34 * place, 200)] for place in range(12)], left=0)
    assert len(hand.answer()) == 12
    boxes = [button.bounding_box() for button in hand.page.locator("#predictions button").all()]
    assert all(left["x"] + left["width"] <= right["x"] + 1 for left, right in itertools.pairwise(boxes))
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_undo_brings_back_what_was_drawn_cleared_kept_or_deleted(browser, address):
    hand = Hand(browser, address)
    hand.draw(STROKES[4])
    digit = hand.answer()
    hand.page.keyboard.press("Escape")
    assert hand.counts() == [0, 0]
    hand.page.click("#undo")
    assert hand.counts() == [2, 0] and hand.answer() == digit
    hand.page.locator("#bars button").nth(4).click()
    assert hand.counts() == [0, 1]
    hand.page.locator("#kept button").click()
    assert hand.counts() == [0, 0]
    hand.page.keyboard.press("z")
    assert hand.counts() == [0, 1]
    hand.page.keyboard.press("Control+z")
    assert hand.counts() == [2, 0]
    hand.page.click("#undo")
    assert hand.counts() == [1, 0]
    hand.page.click("#undo")
    assert hand.counts() == [0, 0] and hand.page.locator("#undo").is_disabled()


def test_kept_drawings_are_downloaded_as_kaggles_csv_and_added_to_the_training_images(browser, project, address):
    hand = Hand(browser, address)
    kept = []
    for label in (7, 1, 7):
        hand.draw(STROKES[label])
        hand.answer()
        kept.append(hand.page.evaluate("[...digits[0].image]"))
        hand.page.keyboard.press(str(label))
    hand.page.reload()
    assert hand.counts() == [0, 3], "stored in the browser"
    with hand.page.expect_download() as started:
        hand.page.click("#download")
    path = project / "data/incoming" / started.value.suggested_filename
    before = arrays.load_labelled(project / "data/prepared/labelled.npz")
    started.value.save_as(path)
    images, labels = kaggle_csv.read_train(path, all_labels=False)
    assert labels.tolist() == [7, 1, 7] and images.reshape(3, 784).tolist() == kept

    printed = project.run(sys.executable, "-m", "stages.prepare").stdout
    path.unlink()
    assert "drawn.csv: 3 drawings" in printed
    after = arrays.load_labelled(project / "data/prepared/labelled.npz")
    for old, new in zip(before, after, strict=True):
        np.testing.assert_array_equal(new[:-3], old, "the folds and the held-out images stay")
    assert after.fold[-3:].tolist() == [arrays.TRAIN_ONLY] * 3 and after.labels[-3:].tolist() == [7, 1, 7]
    np.testing.assert_array_equal(after.images[-3:], images)


def test_fingers_draw_at_the_same_time_and_a_touch_that_the_system_takes_leaves_nothing(browser, address):
    hand = Hand(browser, address, **PHONE)
    lines = [[hand.on_page((x, y)) for y in (50, 140, 230)] for x in (60, 320)]
    hand.draw_at_once(lines)
    assert hand.counts()[0] == 2 and len(hand.answer()) == 2
    hand.page.click("#clear")
    hand.draw_at_once(lines, end="touchCancel")
    assert hand.counts()[0] == 0 and hand.answer() == ""
    hand.page.locator("#canvas").tap()
    assert hand.counts()[0] == 0 and hand.page.evaluate("unfinished.size") == 0, "a tap draws nothing"


def test_a_palm_that_touches_the_screen_before_or_after_the_pen_draws_nothing(browser, address):
    hand = Hand(browser, address, **PHONE)
    palm, line = (380, 260), [(100, 50), (110, 150), (120, 250)]
    hand.send_touch("touchStart", [hand.on_page(palm)])
    hand.send_touch("touchMove", [hand.on_page((360, 240))])
    hand.send_pen("mousePressed", hand.on_page(line[0]))
    for point in line[1:]:
        hand.send_pen("mouseMoved", hand.on_page(point))
    hand.send_touch("touchMove", [hand.on_page((340, 230))])
    hand.send_touch("touchEnd", [])
    hand.send_pen("mouseReleased", hand.on_page(line[-1]))
    assert hand.counts()[0] == 1
    hand.draw_at_once([[hand.on_page((300 + step, 200)) for step in (0, 20, 40)]])
    assert hand.counts()[0] == 1 and len(hand.answer()) == 1


def test_the_layers_are_shown_on_request_and_change_with_the_drawing(browser, address):
    hand = Hand(browser, address, **PHONE)
    maps = hand.page.locator("#layers canvas")
    assert maps.count() == 0
    hand.page.click("summary")
    maps.nth(5).wait_for()
    picture = "canvas => canvas.toDataURL()"
    blank = [canvas.evaluate(picture) for canvas in maps.all()]
    assert len(blank) == 6 and hand.page.locator("#layers strong").first.inner_text() == "Convolution 1"
    hand.draw(STROKES[3])
    hand.answer()
    assert all(canvas.evaluate(picture) != before for canvas, before in zip(maps.all(), blank, strict=True))
    maps.first.hover(position={"x": 3, "y": 3})
    assert hand.page.locator("#lens").inner_text() == "1 of 8"


def test_an_uncertain_prediction_names_two_digits(browser, address):
    hand = Hand(browser, address)
    describe = "p => describe({ ...rank(p), confidence: Math.max(...p) })"
    uncertain = hand.page.evaluate(describe, [0, 0, 0, 0, 0.6, 0, 0, 0, 0, 0.4])
    assert re.search(r"4 \(60 %\).* 9 \(40 %\)", uncertain)
    assert "9" not in hand.page.evaluate(describe, [0, 0, 0, 0, 0.97, 0, 0, 0, 0, 0.03]).replace("97", "")
