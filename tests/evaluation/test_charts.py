"""Charts do not depend on the user's Matplotlib settings, and have no empty space."""

import matplotlib
import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits.evaluation import label_charts, result_charts

PREDICTIONS = pd.DataFrame({"row": range(1, 101), "label": 3, "predicted": 3, "confidence": 0.9})
IMAGES = np.full((100, 28, 28), 200, np.uint8)
CHARTS = {
    "bars": lambda path: label_charts.draw_bars(np.arange(1, 11), path),
    "confusion": lambda path: result_charts.draw_confusion(PREDICTIONS, path),
    "mistakes": lambda path: result_charts.draw_mistakes(PREDICTIONS, IMAGES, path),
}


@pytest.mark.parametrize("chart", CHARTS)
def test_other_settings_of_matplotlib_change_no_chart(tmp_path, chart):
    CHARTS[chart](tmp_path / "usual.png")
    with matplotlib.rc_context({"font.size": 30, "savefig.dpi": 30, "axes.facecolor": "red"}):
        CHARTS[chart](tmp_path / "other.png")
        assert matplotlib.rcParams["font.size"] == 30, "drawing leaves the settings as they were"
    assert (tmp_path / "usual.png").read_bytes() == (tmp_path / "other.png").read_bytes()


def test_the_sheet_of_misclassified_images_is_as_large_as_its_content(tmp_path):
    sizes = []
    for wrong in (2, 25, 95):
        predictions = PREDICTIONS.assign(predicted=np.where(np.arange(100) < wrong, 5, 3))
        result_charts.draw_mistakes(predictions, IMAGES, tmp_path / "mistakes.png")
        sizes.append(Image.open(tmp_path / "mistakes.png").size)
    (width, height), (full_width, three_rows), (_, ten_rows) = sizes
    assert width < full_width / 2 and three_rows - height == pytest.approx(2 * 116, abs=2)
    assert ten_rows - three_rows == pytest.approx(7 * 116, abs=2)
