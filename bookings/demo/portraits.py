"""Small abstract portraits, drawn: nobody's likeness, and no licence to ask about."""

from colorsys import hls_to_rgb
from io import BytesIO
from random import Random

from PIL import Image, ImageDraw

SIZE = 160
SKIN = ["#f6d5c2", "#eab899", "#d49a73", "#b0764e", "#8a5637", "#5d3a26"]
HAIR = ["#1f1a17", "#3b2a20", "#6b4a2f", "#a8743c", "#d9b36a", "#8d8f94", "#b4532a"]


def portrait(dice: Random) -> bytes:
    """A JPEG of 160 x 160 pixels and about 4 kB: head, hair and shoulders on a soft colour."""
    scale = 2  # drawn twice as large, so that the edges are smooth
    side = SIZE * scale
    hue = dice.random()
    picture = Image.new("RGB", (side, side), _colour(hue, 0.82, 0.45))
    draw = ImageDraw.Draw(picture)

    def disc(x: float, y: float, width: float, height: float, fill: str | tuple[int, int, int]) -> None:
        """An ellipse around (x, y); all in shares of the side."""
        draw.ellipse([(x - width) * side, (y - height) * side, (x + width) * side, (y + height) * side], fill=fill)

    skin, hair = dice.choice(SKIN), dice.choice(HAIR)
    middle = 0.5 + dice.uniform(-0.03, 0.03)
    disc(dice.uniform(0.1, 0.9), dice.uniform(0.1, 0.5), 0.35, 0.35, _colour(hue + 0.06, 0.88, 0.5))
    if dice.random() < 0.5:  # long hair falls behind the shoulders
        disc(middle, 0.52, 0.25, 0.33, hair)
    disc(middle, 1.08, 0.38, 0.36, _colour(hue + dice.uniform(0.3, 0.7), 0.5, 0.4))
    draw.rectangle([(middle - 0.07) * side, 0.55 * side, (middle + 0.07) * side, 0.76 * side], fill=skin)
    disc(middle, 0.76, 0.07, 0.05, skin)
    disc(middle, 0.37, 0.215, 0.22, hair)
    disc(middle, 0.45, 0.175, 0.215, skin)
    if dice.random() < 0.4:  # a fringe
        disc(middle + dice.uniform(-0.06, 0.06), 0.26, 0.16, 0.08, hair)
    out = BytesIO()
    picture.resize((SIZE, SIZE), Image.Resampling.LANCZOS).save(out, "JPEG", quality=82)
    return out.getvalue()


def _colour(hue: float, lightness: float, saturation: float) -> tuple[int, int, int]:
    red, green, blue = hls_to_rgb(hue % 1, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)
