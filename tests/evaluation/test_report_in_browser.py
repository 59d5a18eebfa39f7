"""reports/index.html in a browser."""

import pytest
from browser import Hand, chromium

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_report_opens_without_other_files_and_fits_the_window(browser, folder, tmp_path, width, scheme):
    alone = tmp_path / "sent to a colleague.html"
    alone.write_bytes((folder / "reports/index.html").read_bytes())
    hand = Hand(browser, alone.as_uri(), viewport={"width": width, "height": 800}, color_scheme=scheme)
    assert hand.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert hand.page.evaluate("[...document.images].every(image => image.alt.length > 9 && image.naturalWidth > 0)")
    background = hand.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert background == {"light": "rgb(244, 245, 247)", "dark": "rgb(22, 24, 28)"}[scheme]
    assert hand.page.locator("#written").inner_text()
    assert hand.problems == [] and [url for url in hand.requests if not url.startswith("data:")] == [alone.as_uri()]


def test_the_confusion_matrix_switches_between_splits_and_opens_its_images_by_keyboard(browser, folder):
    page = Hand(browser, (folder / "reports/index.html").as_uri(), viewport={"width": 390, "height": 800}).page
    assert page.locator(".matrix:visible button.misclassified").count() == 2
    page.locator("[popovertarget=held-out-3-4]").first.focus()
    page.keyboard.press("Enter")
    assert page.locator("#held-out-3-4 img").is_visible()
    page.keyboard.press("Escape")
    assert not page.locator("#held-out-3-4").is_visible()
    page.get_by_role("radio", name="out-of-fold").check()
    assert page.locator(".matrix:visible button.misclassified").get_attribute("popovertarget") == "out-of-fold-9-5"
