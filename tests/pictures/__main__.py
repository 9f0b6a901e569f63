"""Write all pictures into `docs/pictures`."""

from __future__ import annotations

from tests.pictures.scenes import DRAWINGS, PICTURES, SHOTS, draw, shoot
from tests.pictures.svg import picture

PICTURES.mkdir(exist_ok=True)
for shot in SHOTS:
    (PICTURES / f"{shot.name}.svg").write_text(picture(shot.title, shoot(shot)), "utf-8")
for drawing in DRAWINGS:
    (PICTURES / f"{drawing.name}.svg").write_text(f"{draw(drawing)}\n", "utf-8")
