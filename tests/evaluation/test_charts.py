"""Charts do not depend on the user's Matplotlib settings."""

import matplotlib
import numpy as np
import pandas as pd
import pytest

from digits.evaluation import charts

PREDICTIONS = pd.DataFrame({"row": range(1, 101), "label": 3, "predicted": [5] * 12 + [3] * 88, "confidence": 0.9})
IMAGES = np.full((100, 28, 28), 200, np.uint8)
CURVES = pd.DataFrame({"epoch": [1, 2], "member": 0, "images": "validation", "loss": [1, 0.5], "accuracy": [0.9, 1]})
CHARTS = {
    "bars": lambda path: charts.draw_bars(np.arange(1, 11), path),
    "curves": lambda path: charts.draw_curves(CURVES, path),
    "mistakes": lambda path: charts.draw_mistakes(PREDICTIONS, IMAGES, path),
}


@pytest.mark.parametrize("chart", CHARTS)
def test_other_settings_of_matplotlib_change_no_chart(tmp_path, chart):
    CHARTS[chart](tmp_path / "usual.png")
    with matplotlib.rc_context({"font.size": 30, "savefig.dpi": 30, "axes.facecolor": "red"}):
        CHARTS[chart](tmp_path / "other.png")
        assert matplotlib.rcParams["font.size"] == 30, "drawing leaves the settings as they were"
    assert (tmp_path / "usual.png").read_bytes() == (tmp_path / "other.png").read_bytes()
