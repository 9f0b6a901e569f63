"""Drawing of a chart as PNG or SVG, with the library of the extra `charts`."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Literal

import anyio
from anyio.to_thread import run_sync

from b24_mcp.app.charts.draft import NoChartError
from b24_mcp.app.charts.numbers import number_locale
from b24_mcp.app.charts.shape import ChartShape
from b24_mcp.app.charts.spec import chart_spec

PictureFormat = Literal["png", "svg"]

_PROGRAM = Path(__file__).with_name("draw_program.py")
_LIBRARY = "vl_convert"
_SECONDS = 30.0
_SCALE = 1.5
# Other environment variables are not passed, because they hold secrets.
_ENVIRONMENT = ("SYSTEMROOT", "TEMP", "TMP", "TMPDIR", "HOME", "USERPROFILE")


def can_draw() -> bool:
    """Whether the extra `charts` is installed."""
    return importlib.util.find_spec(_LIBRARY) is not None


async def draw(shape: ChartShape, picture: PictureFormat) -> bytes:
    """Return the picture of a chart.

    Raises:
        NoChartError: when it takes too long, or the library fails.
    """
    environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
    with anyio.move_on_after(_SECONDS):
        done = await anyio.run_process(
            [sys.executable, "-I", str(_PROGRAM), await run_sync(_library_folder)],
            input=await run_sync(_asked, shape, picture),
            check=False,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        if done.returncode == 0 and done.stdout:
            return done.stdout
        raise NoChartError("The library that draws charts failed.")
    raise NoChartError("Drawing the chart took too long.")


def _library_folder() -> str:
    """Return the folder of the library. The process does not look into the folders of the user by itself."""
    found = importlib.util.find_spec(_LIBRARY)
    return "" if found is None or found.origin is None else str(Path(found.origin).parents[1])


def _asked(shape: ChartShape, picture: PictureFormat) -> bytes:
    asked = {"spec": chart_spec(shape), "format": picture, "scale": _SCALE, "locale": number_locale(shape.decimal)}
    return json.dumps(asked).encode()
