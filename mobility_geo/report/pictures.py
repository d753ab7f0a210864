"""Drawn maps as pictures inside a page."""

import base64
import io
from typing import TYPE_CHECKING, Final

from PIL import Image

if TYPE_CHECKING:
    from matplotlib.axes import Axes

PICTURE_DPI: Final = 150
"""Resolution of pictures: A4 at 150 dots per inch."""


def picture_source(ax: "Axes", *, dpi: int = PICTURE_DPI) -> str:
    """Return a drawn map as the address of a picture that holds its own data.

    Parameters
    ----------
    ax
        Axes of a figure.
    dpi
        Dots per inch, > 0.

    Returns
    -------
    str
        A ``data:`` address with a PNG.

    Examples
    --------
    >>> from matplotlib.figure import Figure
    >>> picture_source(Figure(figsize=(1, 1)).subplots())[:22]
    'data:image/png;base64,'
    """
    figure = ax.get_figure(root=True)
    drawn, held = io.BytesIO(), io.BytesIO()
    if figure is not None:
        figure.savefig(drawn, format="png", dpi=dpi, pil_kwargs={"compress_level": 0})
        # a map has few colours: a palette makes the page a quarter of the size
        picture = Image.open(drawn).convert("RGB")
        picture.quantize(256, dither=Image.Dither.NONE).save(held, format="png", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(held.getvalue()).decode()}"
