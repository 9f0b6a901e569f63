"""The chart as a specification of Vega-Lite.

Source: documentation of Vega-Lite 5. The colours are those of Okabe and Ito, which people who do not see all colours
can tell apart. Lines differ in their dashes and points as well.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from b24_mcp.app.charts.columns import moment_of
from b24_mcp.app.charts.numbers import number_format, shown_number
from b24_mcp.app.charts.shape import ChartPoint, ChartShape

Spec = dict[str, object]

_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000", "#8C6D1F")
_DASHES = ([1, 0], [6, 3], [2, 2], [8, 3, 2, 3], [1, 0], [6, 3], [2, 2], [8, 3, 2, 3])
_FONT = "Liberation Sans, Arial, Helvetica, DejaVu Sans, sans-serif"
_WIDTH, _HEIGHT, _BAR, _PIE = 620, 340, 26, 300
_WIDEST_BAR, _NARROWEST = 110, 240
_TITLE_WIDTH = 72
_LONGEST_LABEL = 280
_FEW_BARS, _SHORT_LABEL = 8, 12
_MARKED_TIMES = 24
_DAYS_WITHOUT_CLOCK = 3 * 86_400_000.0
_MARKED_POINTS = 60
_ROOM = 0.16
_TIME_FORMATS = {"year": "%Y", "month": "%Y-%m", "day": "%Y-%m-%d", "minute": "%Y-%m-%d %H:%M"}


def chart_spec(shape: ChartShape) -> Spec:
    """Return the specification of a chart."""
    spec: Spec = {
        "background": "white",
        "description": f"{shape.title}. {shape.kind}",
        "title": _title(shape),
        "padding": 16,
        "config": _CONFIG,
    }
    if shape.kind == "pie":
        return spec | _pie(shape)
    draw = _line if shape.kind == "line" else _bars
    if not shape.panels:
        return spec | draw(shape, shape.points, None)
    panels = [
        draw(shape, [point for point in shape.points if point.series == number], number)
        for number in range(len(shape.series))
    ]
    return spec | {"vconcat" if shape.kind == "line" else "hconcat": panels}


def _title(shape: ChartShape) -> Spec:
    title: Spec = {"text": textwrap.wrap(shape.title, _TITLE_WIDTH)[:3], "anchor": "start", "offset": 12}
    return title | ({"subtitle": shape.subtitle} if shape.subtitle else {})


def _bars(shape: ChartShape, points: Sequence[ChartPoint], panel: int | None) -> Spec:
    """Return bars: horizontal ones for long or many names, vertical ones for few short names and for times."""
    is_upright = _is_upright(shape)
    along, across = ("x", "y") if is_upright else ("y", "x")
    width = min(_WIDTH, _WIDEST_BAR * len(shape.labels) * (1 if panel is not None else len(shape.series)))
    grouped = panel is None and len(shape.series) > 1
    crowded = len(shape.labels) * (len(shape.series) if grouped else 1) > 40
    label_axis: Spec = {"title": shape.axis or None, "labelLimit": _LONGEST_LABEL, "ticks": False, "maxExtent": 400}
    if is_upright:
        label_axis["labelAngle"] = 0 if len(shape.labels) <= _FEW_BARS else -45
    elif panel:
        label_axis = {"labels": False, "ticks": False, "title": None}
    labels = [_cut_time(label, shape) for label in shape.labels]
    encoding: Spec = {
        along: {"field": "label", "type": "nominal", "sort": labels, "axis": label_axis, "scale": {"padding": 0.2}},
        across: _numbers(shape, points, panel, room=_ROOM if not crowded else 0.0),
        "color": _colour(shape, panel),
    }
    if grouped:
        encoding[f"{along}Offset"] = {"field": "series", "sort": list(shape.series)}
    layers: list[Spec] = [{"mark": {"type": "bar", "cornerRadiusEnd": 2}}]
    if not crowded and not _has_stacks(points):
        side = {"dy": _signed(-8, 10)} if is_upright else {"align": _signed("left", "right"), "dx": _signed(4, -4)}
        text: Spec = {"text": {"field": "shown"}, "color": {"value": "#333"}}
        layers.append({"mark": {"type": "text", "fontSize": 11, **side}, "encoding": text})
    size: Spec = {"width": max(width, _NARROWEST), "height": _HEIGHT}
    if not is_upright:
        wide = _WIDTH if panel is None else max(_WIDTH // len(shape.series), _NARROWEST)
        size = {"width": wide, "height": {"step": _step(grouped)}}
    return {"data": _data(shape, points), "encoding": encoding, "layer": layers, **size}


def _line(shape: ChartShape, points: Sequence[ChartPoint], panel: int | None) -> Spec:
    """Return lines over the time. Several values at one time are points without a line."""
    grouped = panel is None and len(shape.series) > 1
    encoding: Spec = {
        "x": _times(shape),
        "y": _numbers(shape, points, panel, room=0.05),
        "color": _colour(shape, panel),
    }
    if grouped:
        scale = {"domain": list(shape.series)}
        encoding["shape"] = {"field": "series", "sort": list(shape.series), "scale": scale, "legend": _legend()}
    if shape.scattered:
        mark: Spec = {"type": "point", "filled": True, "size": 50}
        layers: list[Spec] = [{"mark": mark}]
    else:
        stroke: Spec = {"strokeDash": _dashes(shape)} if grouped else {}
        layers = [{"mark": {"type": "line", "strokeWidth": 2.5}, "encoding": stroke}]
        if len(shape.labels) <= _MARKED_POINTS:
            layers.append({"mark": {"type": "point", "filled": True, "size": 45, "opacity": 1}})
    height = _HEIGHT if panel is None else max(_HEIGHT // len(shape.series), 150)
    return {"data": _data(shape, points), "encoding": encoding, "layer": layers, "width": _WIDTH, "height": height}


def _pie(shape: ChartShape) -> Spec:
    """Return a pie whose legend names each part with its number and its share, in the order of the parts."""
    whole = sum(point.value for point in shape.points) or 1.0
    rows = []
    for place, point in enumerate(shape.points):
        share = f"{shown_number(round(100 * point.value / whole, 1), shape.decimal)}\u2009%"
        number = "" if shape.percent[0] else f"{_shown(shape, point)}, "
        name = f"{_short(_cut_time(point.label, shape))}: {number}{share}"
        rows.append({"part": name, "place": place, "value": point.value, "share": share})
    names = [row["part"] for row in rows]
    encoding: Spec = {
        "theta": {"field": "value", "type": "quantitative", "stack": True},
        "order": {"field": "place"},
        "color": {
            "field": "part",
            "type": "nominal",
            "sort": names,
            "scale": {"domain": names, "range": list(_COLOURS[: len(names)])},
            "legend": {"title": shape.axis or None, "orient": "right", "labelLimit": 420, "symbolType": "square"},
        },
    }
    layers: list[Spec] = [
        {"mark": {"type": "arc", "outerRadius": _PIE // 2, "stroke": "white", "strokeWidth": 2}},
        {
            "mark": {"type": "text", "radius": _PIE // 2 + 22, "fontSize": 12},
            "encoding": {"text": {"field": "share"}, "color": {"value": "#333"}},
        },
    ]
    return {"data": {"values": rows}, "encoding": encoding, "layer": layers, "width": _PIE + 90, "height": _PIE + 60}


def _data(shape: ChartShape, points: Sequence[ChartPoint]) -> Spec:
    rows = []
    for point in points:
        row: Spec = {
            "label": _cut_time(point.label, shape),
            "series": shape.series[point.series],
            "value": point.value,
            "shown": _shown(shape, point),
        }
        moment = moment_of(point.label) if shape.precision else None
        if moment is not None:
            row["moment"] = moment[0].timestamp() * 1_000
        rows.append(row)
    return {"values": rows}


def _numbers(shape: ChartShape, points: Sequence[ChartPoint], panel: int | None, *, room: float) -> Spec:
    """Return the axis of the numbers. It always has zero, and room for the numbers at the ends of bars."""
    sums: dict[tuple[str, int, bool], float] = {}
    for point in points:
        key = (point.label, point.series, point.value < 0)
        sums[key] = point.value if shape.kind == "line" else sums.get(key, 0.0) + point.value
    values = [point.value for point in points] if shape.kind == "line" else list(sums.values())
    lowest, highest = min(0.0, *values), max(0.0, *values)
    if lowest == highest:
        highest = 1.0
    whole = highest - lowest
    domain = [lowest - room * whole * (lowest < 0), highest + room * whole * (highest > 0)]
    is_percent = shape.percent[panel or 0]
    name = shape.series[panel] if panel is not None else shape.series[0] if len(shape.series) == 1 else None
    axis: Spec = {"title": name, "titleLimit": 400, "tickCount": 5, "labelPadding": 6, "labelOverlap": True}
    axis["format"] = number_format([*values, *domain])
    if is_percent:
        axis["labelExpr"] = f"format(datum.value, '{axis.pop('format')}') + '\u2009%'"
    return {"field": "value", "type": "quantitative", "axis": axis, "scale": {"domain": domain, "nice": room < _ROOM}}


def _times(shape: ChartShape) -> Spec:
    """Return the axis of the times. If there are few, each has its own label, and no label is between two."""
    if shape.precision is None:
        axis: Spec = {"title": shape.axis or None, "labelOverlap": True, "labelLimit": _LONGEST_LABEL}
        return {"field": "label", "type": "ordinal", "sort": list(shape.labels), "axis": axis}
    moments = [found[0].timestamp() * 1_000 for found in map(moment_of, shape.labels) if found is not None]
    precision = shape.precision
    if precision == "minute" and moments and moments[-1] - moments[0] > _DAYS_WITHOUT_CLOCK:
        precision = "day"
    axis = {"title": shape.axis or None, "format": _TIME_FORMATS[precision], "labelOverlap": True}
    if len(moments) <= _MARKED_TIMES:
        axis["values"] = moments
        axis["format"] = _TIME_FORMATS[shape.precision]
        axis["labelAngle"] = 0 if len(moments) <= _FEW_BARS else -45
    else:
        axis["tickCount"] = _FEW_BARS
    return {"field": "moment", "type": "temporal", "axis": axis, "scale": {"type": "utc", "padding": 10}}


def _colour(shape: ChartShape, panel: int | None) -> Spec:
    if panel is not None:
        return {"value": _COLOURS[panel]}
    if len(shape.series) == 1:
        return {"value": _COLOURS[0]}
    scale = {"domain": list(shape.series), "range": list(_COLOURS[: len(shape.series)])}
    return {"field": "series", "type": "nominal", "sort": list(shape.series), "scale": scale, "legend": _legend()}


def _dashes(shape: ChartShape) -> Spec:
    scale = {"domain": list(shape.series), "range": [list(dash) for dash in _DASHES[: len(shape.series)]]}
    return {"field": "series", "sort": list(shape.series), "scale": scale, "legend": _legend()}


def _legend() -> Spec:
    return {"title": None, "orient": "top", "columns": 3, "labelLimit": 220, "symbolSize": 90}


def _signed(positive: object, negative: object) -> Mapping[str, str]:
    return {"expr": f"datum.value < 0 ? {negative!r} : {positive!r}"}


def _is_upright(shape: ChartShape) -> bool:
    if shape.precision is not None or not shape.axis:
        return True
    return not shape.panels and len(shape.labels) <= _FEW_BARS and max(map(len, shape.labels)) <= _SHORT_LABEL


def _has_stacks(points: Sequence[ChartPoint]) -> bool:
    return len({(point.label, point.series) for point in points}) < len(points)


def _step(grouped: bool) -> int:
    return 16 if grouped else _BAR


def _cut_time(label: str, shape: ChartShape) -> str:
    """Return a time. A day is returned without the midnight after it."""
    return label[:10] if shape.precision == "day" else label


def _short(text: str, most: int = 40) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _shown(shape: ChartShape, point: ChartPoint) -> str:
    number = shown_number(point.value, shape.decimal)
    return f"{number}\u2009%" if shape.percent[point.series] else number


_CONFIG: Spec = {
    "font": _FONT,
    "title": {"fontSize": 16, "subtitleFontSize": 12, "subtitleColor": "#555", "subtitlePadding": 4},
    "axis": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titleColor": "#555"},
    "axisQuantitative": {"gridColor": "#e5e5e5", "domain": False, "ticks": False},
    "legend": {"labelFontSize": 12, "titleFontSize": 12, "titleFontWeight": "normal", "titleColor": "#555"},
    "view": {"stroke": None},
}
