"""`b24-mcp find`, `b24-mcp describe` and `b24-mcp fields`: records, methods and fields, looked up by name."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Literal

import click

from b24_mcp.cli.answers import on_one_line
from b24_mcp.cli.params import JSON, METHOD, PORTAL
from b24_mcp.cli.running import answer_and_exit
from b24_mcp.cli.tables import shown

if TYPE_CHECKING:
    from b24_mcp.app.answers.forms import Form
    from b24_mcp.app.app import App

_WIDTH = 78
_EVENT_FACTS = ("scope", "bind", "offline", "request", "page")
_FACTS = ("effect", "risks", "scope", "who", "classic", "deprecated", "replaced_by", "available", "page")
_NOTHING: tuple[object, ...] = (None, [], "")
_NEXT_FIELD = re.compile(r"; (?=[A-Za-z_][\w.]+:)")
_OF = re.compile(r'\bof: "([^"]*)"')


@click.command()
@click.argument("text", nargs=-1, required=True)
@click.option("--kind", "kinds", metavar="KIND", multiple=True, help="Only this kind: deal, contact. Can be repeated.")
@click.option(
    "--limit", metavar="N", type=click.IntRange(1, 20), default=5, show_default=True, help="Records of each kind."
)
@JSON
@PORTAL
def find(text: tuple[str, ...], kinds: tuple[str, ...], limit: int, as_json: bool, portal: str | None) -> None:
    """Find records by a name, phone, e-mail, number or id.

    \b
    b24-mcp find Anna Sokolova
    b24-mcp find "+49 30 1234" --kind contact --kind company

    Searches CRM records, smart processes, users, tasks, groups, chats, files and products.
    """
    wanted = [part.strip() for one in kinds for part in one.split(",") if part.strip()]

    async def question(app: App) -> Form:
        from b24_mcp.app.finding.reply import find_reply  # so that --help answers at once

        return (await find_reply(app, " ".join(text), kinds=wanted or None, limit=limit, portal=portal)).form

    answer_and_exit("b24-mcp find", question, as_json=as_json, view=_found)


@click.command()
@METHOD
@click.option("--rest", "version", type=click.Choice(["v2", "v3"]), help="Version of the REST API. The default is v2.")
@click.option("--of", "part", metavar="PART", help="Only a part: filter, fields.SETTINGS, or a word of a field name.")
@JSON
@PORTAL
def describe(
    method: str, version: Literal["v2", "v3"] | None, part: str | None, as_json: bool, portal: str | None
) -> None:
    """Describe a REST METHOD or an event: parameters, effect, risks, errors.

    \b
    b24-mcp describe crm.deal.add
    b24-mcp describe crm.deal.list --of filter
    """

    async def question(app: App) -> Form:
        from b24_mcp.app.methods import method_reply  # so that --help answers at once

        return (await method_reply(app, method, version=version, of=part, portal=portal)).form

    answer_and_exit("b24-mcp describe", question, as_json=as_json, view=described)


@click.command()
@click.argument("entity")
@click.option("--only", metavar="WORD", help="Only fields with this word in their name or label.")
@JSON
@PORTAL
def fields(entity: str, only: str | None, as_json: bool, portal: str | None) -> None:
    """Show the fields of records on this portal, custom ones included.

    \b
    b24-mcp fields deal
    b24-mcp fields contact --only phone

    ENTITY is deal, lead, contact, company, task, user, product, dynamic:1030, the title of a smart process, or list:15.
    """

    async def question(app: App) -> Form:
        from b24_mcp.app.entity_fields import fields_reply  # so that --help answers at once

        return (await fields_reply(app, entity, only=only, portal=portal)).form

    answer_and_exit("b24-mcp fields", question, as_json=as_json, view=_fields)


def _found(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return two lines for each record: what it is, and its address."""
    found = form.get("found")
    lines = []
    for one in found if isinstance(found, list) else []:
        about = [shown(one[key]) for key in one if key not in ("kind", "id", "title", "link", "match")]
        similar = " (similar)" if one.get("match") == "similar" else ""
        lines.append(f"{one.get('kind')} {shown(one.get('id'))}: {shown(one.get('title'))}{similar}")
        lines[-1] += f" - {', '.join(filter(None, about))}" if any(about) else ""
        lines += [f"    {one['link']}"] if one.get("link") else []
    rest = {key: value for key, value in form.items() if key not in ("found", "requests")}
    return {"text": "\n".join(lines) or "Nothing was found."} | rest


def _fields(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return the fields as a table, and below it, in full, the values that some of them take."""
    columns, rows = form.get("columns"), form.get("rows")
    if not isinstance(columns, list) or not isinstance(rows, list) or "values" not in columns:
        return form
    at = columns.index("values")
    values = [f"{row[0] or row[1]}: {row[at]}" for row in rows if len(row) > at and row[at]]
    pipelines = form.get("pipelines")
    stages = pipelines if isinstance(pipelines, list) else []
    values += [f"Pipeline {one.get('id')}, {one.get('name')}: {one.get('stages')}" for one in stages]
    table = {"columns": columns[:at], "rows": [row[:at] for row in rows]}
    text = "\n".join(textwrap.fill(value, _WIDTH, subsequent_indent="  ") for value in values)
    rest = {key: value for key, value in form.items() if key not in ("pipelines", "columns", "rows", "write")}
    return table | ({"text": text} if values else {}) | rest | {"how_to_write": form.get("write")}


def described(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return the description of a method with one line for each parameter and each field below it."""
    if "event" in form and isinstance(form.get("data"), list):
        return _event(form)
    params = form.get("params")
    if not isinstance(params, list):
        return form
    lines = [f"{form.get('method')} ({form.get('version')}): {form.get('summary', '')}"]
    lines += _fact_lines(form, _FACTS)
    lines += ["", "Parameters:"] if params else ["", "No parameters."]
    for one in params:
        lines += _parameter(one) if isinstance(one, dict) else [f"  {shown(one)}"]
    for title, key in (("Notes", "notes"), ("Errors", "errors"), ("Examples", "examples"), ("Parts", "parts")):
        value = form.get(key)
        if isinstance(value, list) and value:
            lines += ["", f"{title}:", *(f"  {shown(entry)}" for entry in value)]
    result = form.get("result")
    if isinstance(result, dict) and result:
        lines += ["", f"Result: {', '.join(on_one_line(value) for value in result.values())}"]
    if more := form.get("more"):
        lines += ["", _OF.sub(r"--of \1", str(more))]
    return {"text": "\n".join(lines)} | {key: form[key] for key in ("hint", "notice", "url", "portal") if key in form}


def _event(form: Mapping[str, object]) -> Mapping[str, object]:
    """Return the description of an event with one line for each value of its data."""
    data = form.get("data")
    lines = [str(form["event"]), *_fact_lines(form, _EVENT_FACTS), "", "Data:"]
    for one in data if isinstance(data, list) else []:
        lines += _parameter(one) if isinstance(one, dict) else [f"  {shown(one)}"]
    rest = {key: value for key, value in form.items() if key not in ("event", "data", *_EVENT_FACTS)}
    return {"text": "\n".join(lines)} | rest


def _fact_lines(form: Mapping[str, object], names: Sequence[str]) -> list[str]:
    facts = ((name, form.get(name)) for name in names)
    return [f"  {name.replace('_', ' '):<12} {on_one_line(value)}" for name, value in facts if value not in _NOTHING]


def _parameter(one: Mapping[str, object]) -> list[str]:
    """Return the lines of a parameter: its name with a star when it is required, its type, what is known of it."""
    star = "*" if one.get("required") else ""
    lines = [f"  {one.get('name')}{star}  {one.get('type', '')}  {one.get('text', '')}".rstrip()]
    for key, value in one.items():
        if key in ("name", "type", "text", "required"):
            continue
        if key == "fields" and isinstance(value, str):
            lines += [f"    {field}" for field in _NEXT_FIELD.split(value)]
        elif key == "fields" and isinstance(value, list):
            inner = [_parameter(field) if isinstance(field, dict) else [f"  {shown(field)}"] for field in value]
            lines += [f"  {line}" for some in inner for line in some]
        else:
            lines.append(f"    {key.replace('_', ' ')}: {shown(value)}")
    return lines
