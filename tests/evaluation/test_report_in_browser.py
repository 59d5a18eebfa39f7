"""reports/index.html in a browser."""

import re

import pytest
from browser import Hand, chromium
from playwright.sync_api import expect

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 375])
def test_the_report_opens_without_other_files_and_fits_the_window(browser, folder, tmp_path, width, scheme):
    alone = tmp_path / "sent to a colleague.html"
    alone.write_bytes((folder / "reports/index.html").read_bytes())
    hand = Hand(browser, alone.as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme)
    for chart in "curves", "distributions":
        hand.page.locator(f"#{chart} .main-svg").first.wait_for(timeout=10_000)
        assert hand.page.locator(f"#{chart}").bounding_box()["width"] <= width
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert hand.page.evaluate("[...document.images].every(image => image.alt.length > 9 && image.naturalWidth > 0)")
    background = hand.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(re.findall(r"\d+", background)[0]) > 128) == (scheme == "light")
    colour = hand.page.evaluate("getComputedStyle(document.querySelector('#curves .legendtext')).fill")
    assert (int(re.findall(r"\d+", colour)[0]) < 128) == (scheme == "light")
    assert hand.problems == [] and [url for url in hand.requests if not url.startswith("data:")] == [alone.as_uri()]


def test_the_confusion_matrix_switches_between_held_out_and_out_of_fold_images(browser, folder):
    page = Hand(browser, (folder / "reports/index.html").as_uri(), viewport={"width": 375, "height": 800}).page
    assert page.locator(".matrix:visible button.misclassified").count() == 2
    page.get_by_role("radio", name="out-of-fold").check()
    assert page.locator(".matrix:visible button.misclassified").get_attribute("popovertarget") == "out-of-fold-9-5"


def test_a_member_is_hidden_from_the_chart_by_a_click_in_its_legend(browser, folder):
    page = Hand(browser, (folder / "reports/index.html").as_uri(), viewport={"width": 1280, "height": 800}).page
    lines = page.locator("#curves .scatterlayer .js-line")
    lines.first.wait_for()
    assert lines.count() == 8, "two members, two kinds of images, loss and error rate"
    page.locator("#curves .legendtoggle").nth(1).click()
    expect(lines).to_have_count(4)


def test_a_cell_of_the_confusion_matrix_opens_its_images_by_mouse_and_by_keyboard(browser, folder):
    page = Hand(browser, (folder / "reports/index.html").as_uri(), viewport={"width": 375, "height": 800}).page
    cell, popover = page.locator("[popovertarget=held-out-3-4]").first, page.locator("#held-out-3-4")
    assert not popover.is_visible()
    cell.click()
    assert popover.is_visible() and popover.locator("img").is_visible()
    popover.get_by_role("button", name="Close").click()
    assert not popover.is_visible()
    cell.focus()
    page.keyboard.press("Enter")
    assert popover.is_visible()
    page.keyboard.press("Escape")
    assert not popover.is_visible() and page.evaluate("document.activeElement.innerText") == "1"
    page.keyboard.press("Tab")
    page.keyboard.press("Space")
    assert page.locator("[popover]:popover-open h2").inner_text().startswith("4 predicted as 4"), "the next cell"
