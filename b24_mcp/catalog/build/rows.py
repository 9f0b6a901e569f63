"""The rows of a parameter table: names, type as written, star, conditions, and allowed values."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from b24_mcp.catalog.build.enumerations import enumeration_of
from b24_mcp.catalog.build.limits import UNLIMITED, ValueLimits, limits_of
from b24_mcp.catalog.build.values import NOT_LISTED, Allowed, keys_of, values_of
from b24_mcp.dialect.markup import Cell, MarkupTable

_NAME_WORDS = {
    "name", "parameter", "parameters", "param", "field", "key", "title", "argument", "identifier",
    "variable",
    "название", "параметр", "поле", "ключ", "имя", "аргумент", "наименование", "идентификатор", "свойство", "property",
}  # fmt: skip
_TYPE_WORDS = {"type", "тип"}
_VALUE_WORDS = {"value", "значение"}
_TEXT_WORDS = {"description", "описание"}
_CODE = re.compile(r"`([^`]+)`")
_LINKED_CODE = re.compile(r"\[\s*((?:`[^`]*`|\\\||[|,\s])+)\s*\](?:\([^)]*\))?")
_LINK = re.compile(r"\]\((?:\./)?#([^)\s]+)\)")
_NEEDED = re.compile(r"\b(?:required|mandatory) fields|обязательн(?:ые|ым|ых) пол(?:я|ям|ей)", re.I)
_CONDITION = re.compile(
    r"\b(?:required|mandatory|needed)(?: parameter| field)?,?(?: only)? (?:if|when|unless|for|under)\b"
    r"|(?:can|may) be (?:omitted|skipped|left out) (?:if|when|for)\b|^[^.]{0,60}\boptional (?:if|when)\b"
    r"|можно не (?:передавать|указывать|заполнять),? (?:если|при|когда|для)\b"
    r"|must be (?:specified|passed|provided) (?:only )?(?:if|when)\b"
    r"|(?:обязател\w+|нуж(?:ен|на|но|ны))(?: (?:параметр|поле|только|к заполнению))*,? "
    r"(?:если|при|когда|для|только|в случае)\b|требуется,? (?:только )?(?:если|при|когда)\b",
    re.I,
)
_LISTED = re.compile(r"in the form of a list of objects|в виде списка объектов", re.I)
_NOT_A_CONDITION = re.compile(r"not required|необязател|не обязател|не требуе", re.I)


@dataclass(slots=True)
class TableRow:
    """One row of a parameter table."""

    name: str
    type: str
    starred: bool
    text: str
    anchors: tuple[str, ...] = ()
    allowed: Allowed = NOT_LISTED
    limits: ValueLimits = UNLIMITED
    alternatives: tuple[str, ...] = ()
    conditional: bool = False
    pattern: bool = False
    keys: tuple[str, ...] = ()
    keys_needed: bool = False
    inner: tuple[MarkupTable, ...] = ()


@dataclass(frozen=True, slots=True)
class Columns:
    """The positions of the columns of a table."""

    name: int
    type: int | None
    text: int | None


def columns_of(table: MarkupTable) -> tuple[Columns, int] | None:
    """Return the columns of a parameter table and its first row of data; None for another kind of table."""
    if not table.rows:
        return None
    if _is_data(table.rows[0]):
        # The table has no header.
        return Columns(0, None, 1 if len(table.rows[0]) > 1 else None), 0
    heads = [_head(cell) for cell in table.rows[0]]
    first = 1
    name = next((i for i, words in enumerate(heads) if words & _NAME_WORDS), None)
    if name is None and heads and heads[0] & _VALUE_WORDS and heads[0] & _TYPE_WORDS:
        name = 0
    if name is None:
        return None
    kind = next((i for i, words in enumerate(heads) if i != name and words & _TYPE_WORDS), None)
    text = next((i for i, words in enumerate(heads) if words & _TEXT_WORDS), None)
    if text is None:
        text = len(heads) - 1 if len(heads) - 1 not in (name, kind) else None
    return Columns(name, kind, text), first


def _head(cell: Cell) -> set[str]:
    return set(re.findall(r"[a-zа-яё]+", re.sub(r"\(.*?\)", "", cell.text.lower())))


def _is_data(row: tuple[Cell, ...]) -> bool:
    """Whether a first row is data: a name followed by a link to a type."""
    return bool(re.match(r"\*\*[A-Za-z_][\w.\[\]]*\*?\*\*\**\s*\[\s*`", row[0].text))


def rows_of(table: MarkupTable) -> list[TableRow]:
    """Return the rows of a parameter table; empty for another kind of table."""
    found = columns_of(table)
    if found is None:
        return []
    columns, first = found
    rows = []
    for cells in table.rows[first:]:
        if columns.name < len(cells):
            rows.extend(_row(cells, columns))
    return rows


def _row(cells: tuple[Cell, ...], columns: Columns) -> list[TableRow]:
    cell = cells[columns.name].text
    names, starred, rest = names_of(cell)
    if not names:
        return []
    type_text = cells[columns.type].text if columns.type is not None and columns.type < len(cells) else rest
    said = cells[columns.text].text if columns.text is not None and columns.text < len(cells) else ""
    extra = " ".join(c.text for i, c in enumerate(cells) if i not in (columns.name, columns.type, columns.text))
    inner = tuple(table for c in cells for table in c.tables)
    kind = type_of(type_text)
    if kind == "string" and _LISTED.search(said):
        kind = "string|array"
    allowed, limits = values_of(said, names[0], kind), limits_of(f"{said}\n\n{extra}", names[0], kind)
    if (enumeration := enumeration_of(kind, cell + said)) is not None:
        allowed = allowed if allowed.values else enumeration.allowed
        limits = limits if limits.source else replace(limits, source=enumeration.source)
    if allowed.values and not allowed.is_open and limits.default not in (*allowed.values, "null"):
        limits = replace(limits, default="")
    row = TableRow(
        name=names[0],
        type=kind,
        starred=starred,
        text=said,
        anchors=tuple(_LINK.findall(cell + said + extra)),
        allowed=allowed,
        limits=limits,
        keys=keys_of(said) if kind == "object" else (),
        keys_needed=bool(_NEEDED.search(said)),
        alternatives=tuple(names[1:]),
        conditional=bool(_CONDITION.search(said)) and not _NOT_A_CONDITION.search(said),
        pattern=is_pattern(names[0]),
        inner=inner,
    )
    return [row]


def names_of(cell: str) -> tuple[list[str], bool, str]:
    """Parse a name cell into its names, whether it has a star, and the rest (the type)."""
    text = cell.strip().replace("\\|", "|").replace("\\_", "_")
    if text.startswith("`"):
        quoted = re.match(r"`([^`]+)`(\**)\s*(.*)", text, re.S)
        if quoted is None:
            return [], False, ""
        return _clean([quoted[1]]), bool(quoted[2]), quoted[3]
    head, rest = _split(text)
    marked = head.replace("^*^", "*").replace("\\*", "\ue020")
    starred = bool(re.search(r"(?<!\*)\*{3}(?!\*)|\*\s+\*\*|\*\*\s*\*(?!\*)|\w\*\s*$", marked)) and "****" not in marked
    bold = re.findall(r"\*\*(.+?)\*\*", marked)
    raw = bold or [marked]
    names: list[str] = []
    for piece in raw:
        names.extend(re.split(r"\s*(?:\||/(?=\s*[A-Z_a-z]+$)|,)\s*", piece.strip(" *,:")))
    if len(names) == 2 and names[1].startswith("UF_") and not names[0].startswith("UF_"):
        # Keys of linked user fields contain a bar.
        names = ["|".join(names)]
    return _clean([name.replace("\ue020", "*") for name in names]), starred, rest


def _split(text: str) -> tuple[str, str]:
    link = re.search(r"\[\s*`|(?<![*<@])`(?!\*)|\n", text)
    return (text[: link.start()], text[link.start() :]) if link else (text, "")


def _clean(names: list[str]) -> list[str]:
    cleaned = []
    for name in names:
        name = name.strip(" `*:,'\"")
        if alias := re.fullmatch(r"([\w.]+)\s*\(([\w., ]+)\)", name):
            # "TITLE (LANG)" is the key TITLE of LANG.
            cleaned.append(f"{alias[2]}.{alias[1]}" if alias[2].isupper() else alias[1])
            continue
        if re.fullmatch(r"[A-Za-z_<{=%$#@!>&?0-9][\w.\[\]<>{}\-=*#@%$…:+| ]*", name) and not _is_caption(name):
            cleaned.append(name.replace("…", "..."))
    return list(dict.fromkeys(cleaned))


def _is_caption(name: str) -> bool:
    return " " in name and not re.search(r"[<{@]", name)


def is_pattern(name: str) -> bool:
    """Whether a name stands for many names: `UF_...`, `propertyN`, `<selector>`, `PROPERTY_*`."""
    if name in {"TIMESTAMP_X", "gpsN"}:
        return False
    return bool(re.search(r"\.\.\.|[<*{#%]|xxx|XXX|_N$|[a-z]N$|_X+$|^PROPERTY_(?:n|PropertyId|ID)$|^UF_$", name))


def type_of(text: str) -> str:
    """Return the type as the page writes it; the members of a union are joined by `|`."""
    line = re.sub(r"`{2,}", "`", text.replace("\\|", "|")).strip()
    linked = _LINKED_CODE.findall(line)
    found: list[str] = []
    pieces = linked or []
    if linked:
        # Codes next to the links belong to the union too: [`integer`](…) | `null`.
        pieces = [*linked, *re.findall(r"(?:\||\n|^)\s*(`[^`]+`)\s*(?=\||\n|$)", _LINKED_CODE.sub("", line))]
    elif line.startswith("`"):
        pieces = re.findall(r"`[^`]+`", line.split("\n\n")[0])
    elif re.fullmatch(r"[a-z_]+(\[\])?(\s*[|/,]\s*[a-z_]+(\[\])?)*", line):
        pieces = [line]
    for piece in pieces:
        for one in re.split(r"[|,/]|\bor\b|\bили\b", piece.replace("`", "")):
            one = (
                one.strip().lower() if one.strip().lower() in {"string", "integer", "array", "object"} else one.strip()
            )
            if re.fullmatch(r"[A-Za-z][\w.:<> \-]*(\[\])*", one) and one not in found:
                found.append(one)
    return "|".join(found)
