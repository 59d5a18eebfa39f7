"""Write the drawing page, a file that needs neither a server nor the network.

models/member-K.keras  for each K of members; the models of unlisted members are deleted
→ reports/draw.html    draw digits, watch each layer, keep the drawings as additional training images
"""

from digits import errors, files
from digits.page import html
from digits.settings import Members
from digits.settings import Params as StageParams


class Params(StageParams):
    members: Members


def main() -> None:
    params = Params.load()
    files.remove_unlisted("models", params.members)
    page, networks = html.build([files.model_path(member) for member in params.members])
    with files.atomic_write("reports/draw.html") as partial:
        partial.write_text(page, encoding="utf-8")
    print(f"reports/draw.html: {networks} of {len(params.members)} networks, {len(page) / 1e6:.1f} MB")


if __name__ == "__main__":
    errors.run(main)
