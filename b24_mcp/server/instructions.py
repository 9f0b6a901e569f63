"""The instructions for the model of a client: only sentences about tools that it has."""

from __future__ import annotations

from b24_mcp.config.tool_groups import TOOL_NAMES
from b24_mcp.server.offer import EVERYTHING, Offer

_SENTENCES: tuple[tuple[str, ...], ...] = (
    ("Works with a Bitrix24 portal (CRM, tasks, users, disk, chat, telephony and more) through its REST API.\n",),
    ("If you have a name, phone, e-mail or number and no id, call find_records first. ",),
    ("Show the person the links in answers. In the link of a list, replace the names in braces.\n",),
    (
        "Find a method with find_methods, get its parameters with describe_method and the fields of this portal with "
        "describe_fields, then call it: with read_method if it only reads, otherwise with call_method, or several at "
        "once with read_batch or batch_call. ",
        "Find a method with find_methods, get its parameters with describe_method and the fields of this portal with "
        "describe_fields, then call it with read_method, or several at once with read_batch. ",
        "Find a method with find_methods and get its parameters with describe_method. ",
    ),
    (
        "Read whole lists with list_records, files with import_records, and query both with query_records, so that "
        "you need not read every row. ",
        "Read whole lists with list_records and query them with query_records, so that you need not read every row. ",
    ),
    ("Change many records with apply_records, one call for each row of a query. ",),
    (
        "Find explanations (events, authorization, paging, files, widgets) with search_docs and read them with "
        "read_doc. ",
    ),
    (
        "In lists, select only the fields you need and filter on the portal. Read a record before you change it. If "
        'an answer names the portal "sandbox", its data is invented and safe to change.',
    ),
)
"""The sentences. Of several forms, the first whose tools are all offered is used."""


def instructions_for(offer: Offer = EVERYTHING) -> str:
    """Return the instructions, without what speaks of a tool that is not offered."""
    chosen = (next((one for one in forms if all(map(offer.has, _tools_in(one)))), "") for forms in _SENTENCES)
    return "".join(chosen)


def _tools_in(sentence: str) -> frozenset[str]:
    return frozenset(name for name in TOOL_NAMES if name in sentence)
