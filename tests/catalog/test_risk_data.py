"""The risks in the data: every writing method has a row, and the rows agree with the documented facts."""

from __future__ import annotations

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

SHIPPED = Path(__file__).parents[2] / "b24_mcp/catalog/data"
HALVES = ("core", "more")
KINDS = ("outside", "rights", "money", "code")
CONDITION = re.compile(r"(?:(?P<parent>\w+)\.)?(?P<name>\w+)(?:=(?P<values>\w+(?:\|\w+)*))?", re.ASCII)

_SITE = frozenset(
    (
        "HEADBLOCK_CODE", "CSSBLOCK_CODE", "CSSBLOCK_FILE", "GTM_COUNTER", "B24BUTTON_CODE", "GACOUNTER_COUNTER",
        "GACOUNTER_COUNTER_GA4",
    )
)  # fmt: skip
NOT_AMONG_THE_FACTS: dict[str, frozenset[str]] = {
    # Keys of ADDITIONAL_FIELDS, which the page of the method does not name.
    "landing.site.update": _SITE,
    # A key of SETTINGS, described in the text of the page: the sender of an e-mail.
    "crm.activity.add": frozenset(("MESSAGE_FROM",)),
    # Not documented; if a portal takes them, they decide who has access.
    "disk.folder.addSubFolder": frozenset(("rights",)),
    "calendar.section.add": frozenset(("access",)),
    "calendar.section.update": frozenset(("access",)),
    "user.update": frozenset(("LOGIN", "PASSWORD", "GROUP_ID")),
}

TELLING = re.compile(
    r"HANDLER|.*_HANDLER|HANDLER_.*|EVENT_(?!TOKEN).*|WEBHOOK_?URL|COMPLETIONS_URL|URL(CHECK|DATA|TABLE.*)"
    r"|(CALCULATE|PRINT|CHECK|CREATE_DELIVERY_REQUEST)_URL|SERVER|ACCESS(ES)?|ACCESS_?CODES?|RIGHTS|PERMISSIONS"
    r"|TEMPLATE_DATA|UF_HEAD|PAID|ISADMIN|PASSWORD|(TO|CC|BCC)|ISSETOPENPERMISSIONS",
    re.IGNORECASE,
)
"""Names of parameters that usually have a risk."""
HARMLESS_WITH_A_TELLING_NAME = {
    ("event.unbind", "handler"): "removes the handler",
    ("placement.unbind", "HANDLER"): "removes the handler",
    ("landing.repo.unbind", "handler"): "removes the handler",
    ("event.offline.get", "EVENT_NAME"): "the filter of a list",
    ("event.unbind", "event_type"): "says which handler to remove",
    ("calendar.event.add", "to"): "the end of the event",
    ("calendar.event.update", "to"): "the end of the event",
    ("booking.v1.booking.add", "to"): "the end of the booking",
    ("booking.v1.booking.update", "to"): "the end of the booking",
    ("booking.v1.booking.createfromwaitlist", "to"): "the end of the booking",
    ("booking.v1.resource.slots.set", "to"): "the end of the slot",
}


class TableRow(NamedTuple):
    method: str
    version: str
    kinds: str
    when: str
    why: str


def read(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (SHIPPED / name).read_text("utf-8").splitlines()]


ROWS = {half: [TableRow(*cells) for cells in read(f"risks_{half}.tsv")] for half in HALVES}
EFFECTS = {half: {(cells[0], cells[1]): cells[2] for cells in read(f"effects_{half}.tsv")} for half in HALVES}
ALL_ROWS = [row for half in HALVES for row in ROWS[half]]
RISKY = [row for row in ALL_ROWS if row.kinds != "-"]
FACTS: dict[tuple[str, str], dict[str, Any]] = {
    (line["method"], line["version"]): line
    for line in map(json.loads, (SHIPPED / "methods.jsonl").read_text("utf-8").splitlines())
}


def flat(params: list[dict[str, Any]], parent: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    for param in params:
        yield parent, param
        yield from flat(param.get("fields", []), param["name"])


def conditions(row: TableRow) -> Iterator[re.Match[str]]:
    for word in row.when.split(" ") if row.when else ():
        found = CONDITION.fullmatch(word)
        assert found, (row.method, word)
        yield found


@pytest.mark.parametrize("half", HALVES)
def test_every_writing_method_has_its_risks_in_the_file_of_its_effect(half: str) -> None:
    judged = {(row.method, row.version) for row in ROWS[half]}
    writing = {method for method, effect in EFFECTS[half].items() if effect != "read"}
    assert not writing - judged, "not judged"
    assert not judged - set(EFFECTS[half]), "not a method of this file"
    reading = [row for row in ROWS[half] if EFFECTS[half][row.method, row.version] == "read"]
    assert all(row.kinds != "-" for row in reading), "a reading method has a row only for a risk"


@pytest.mark.parametrize("half", HALVES)
def test_rows_are_in_the_order_of_the_effects(half: str) -> None:
    place = {method: index for index, method in enumerate(EFFECTS[half])}
    places = [place[row.method, row.version] for row in ROWS[half]]
    assert places == sorted(places)


def test_a_method_has_one_row_for_the_same_conditions() -> None:
    counted = Counter((row.method, row.version, frozenset(row.when.split())) for row in ALL_ROWS)
    assert not [key for key, count in counted.items() if count > 1]
    kinds: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in ALL_ROWS:
        kinds[row.method, row.version].append(row.kinds)
    assert not [key for key, found in kinds.items() if "-" in found and len(found) > 1]


def test_a_method_without_risk_has_neither_condition_nor_reason() -> None:
    assert not [row for row in ALL_ROWS if row.kinds == "-" and (row.when or row.why)]


def test_kinds_are_known_and_in_order() -> None:
    for row in RISKY:
        kinds = row.kinds.split(",")
        assert kinds == [kind for kind in KINDS if kind in kinds], row


def test_conditions_name_documented_parameters_and_values() -> None:
    unused = {(method, name) for method, names in NOT_AMONG_THE_FACTS.items() for name in names}
    for row in RISKY:
        known = list(flat(FACTS[row.method, row.version]["params"]))
        for condition in conditions(row):
            parent, name, values = condition["parent"], condition["name"], condition["values"]
            found = [param for above, param in known if param["name"] == name and parent in (None, above)]
            if name in NOT_AMONG_THE_FACTS.get(row.method, ()):
                unused.discard((row.method, name))
                assert not found, (row.method, name, "is documented: no exception is needed")
                continue
            assert found, (row.method, condition[0])
            documented = {value for param in found for value in param.get("values", ())}
            if values and documented:
                assert set(values.split("|")) <= documented, (row.method, condition[0])
    assert not unused


def test_every_risk_has_a_short_reason() -> None:
    for row in RISKY:
        assert 10 <= len(row.why) <= 90, row
        assert row.why[0].islower(), row
        assert row.why[-1] not in ".;:, ", row
        assert row.why.isascii(), row


def test_both_versions_of_a_method_have_the_same_risks() -> None:
    kinds: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in ALL_ROWS:
        kinds[row.method][row.version].add(row.kinds)
    assert not [method for method, found in kinds.items() if len(set(map(frozenset, found.values()))) > 1]


def test_a_parameter_with_a_suspicious_name_has_a_risk() -> None:
    risky = {(row.method, row.version) for row in RISKY}
    missed = {
        (method, param["name"])
        for half in HALVES
        for (method, version), effect in EFFECTS[half].items()
        if effect != "read" and (method, version) not in risky
        for _, param in flat(FACTS[method, version]["params"])
        if TELLING.fullmatch(param["name"])
    }
    assert missed == set(HARMLESS_WITH_A_TELLING_NAME)


ALWAYS_RISKY = {
    "ai.engine.register": "outside",
    "bizproc.activity.add": "outside,code",
    "bizproc.robot.add": "outside,code",
    "bizproc.workflow.template.add": "code",
    "crm.documentgenerator.document.enablepublicurl": "outside",
    "crm.item.payment.pay": "money",
    "disk.file.getExternalLink": "outside",
    "disk.folder.getExternalLink": "outside",
    "disk.folder.shareToUser": "rights",
    "documentgenerator.role.update": "rights",
    "event.bind": "outside",
    "imbot.register": "outside",
    "imopenlines.crm.message.add": "outside",
    "landing.repo.register": "code",
    "landing.site.publication": "outside",
    "mail.message.send": "outside",
    "mailservice.add": "outside",
    "messageservice.sender.add": "outside",
    "placement.bind": "outside,code",
    "sale.paysystem.handler.add": "outside,money",
    "sale.paysystem.pay.invoice": "money",
    "sale.paysystem.pay.payment": "money",
    "sonet_group.setowner": "rights",
    "telephony.externalLine.add": "outside",
    "user.add": "outside,rights",
    "userfieldtype.add": "outside,code",
    "voximplant.callback.start": "outside,money",
}
RISKY_UNDER_A_CONDITION = {
    ("crm.activity.add", "TYPE_ID=4"): "outside",
    ("crm.activity.add", "PROVIDER_ID=CRM_EMAIL"): "outside",
    ("crm.invoice.recurring.update", "SEND_BILL=Y"): "outside",
    ("disk.folder.uploadFile", "rights"): "rights",
    ("entity.rights", "ACCESS"): "rights",
    ("entity.update", "ACCESS"): "rights",
    ("imopenlines.config.update", "QUEUE"): "rights",
    ("lists.add", "RIGHTS"): "rights",
    ("lists.update", "RIGHTS"): "rights",
    ("messageservice.sender.update", "HANDLER"): "outside",
    ("sonet_group.update", "OWNER_ID"): "rights",
    ("user.update", "ACTIVE"): "rights",
    ("user.update", "EMAIL"): "rights",
    ("user.update", "UF_DEPARTMENT"): "rights",
}
ORDINARY_WITHOUT_RISK = (
    "calendar.event.add", "crm.contact.add", "crm.deal.update", "crm.item.add", "crm.item.update", "crm.lead.add",
    "crm.timeline.comment.add", "im.chat.add", "im.message.add", "im.notify.personal.add", "imbot.message.add",
    "lists.element.add", "log.blogpost.add", "task.commentitem.add", "tasks.task.add", "tasks.task.update",
    "catalog.price.update", "crm.item.productrow.set", "disk.file.uploadVersion",
)  # fmt: skip
ORDINARY_UNLESS_A_CONDITION_HOLDS = (
    "crm.activity.add", "disk.folder.uploadFile", "disk.storage.uploadFile", "lists.add", "lists.update",
    "sonet_group.create", "sonet_group.update", "user.update",
)  # fmt: skip


@pytest.mark.parametrize(("method", "kinds"), ALWAYS_RISKY.items())
def test_these_methods_are_always_risky(method: str, kinds: str) -> None:
    assert kinds in {row.kinds for row in RISKY if row.method == method and not row.when}


@pytest.mark.parametrize(
    ("method", "condition", "kinds"), [(*key, kinds) for key, kinds in RISKY_UNDER_A_CONDITION.items()]
)
def test_a_parameter_can_make_a_call_risky(method: str, condition: str, kinds: str) -> None:
    assert kinds in {row.kinds for row in RISKY if row.method == method and condition in row.when.split()}


def test_ordinary_methods_have_no_risk() -> None:
    assert not [row for row in RISKY if row.method in ORDINARY_WITHOUT_RISK]
    assert not [row for row in RISKY if row.method in ORDINARY_UNLESS_A_CONDITION_HOLDS and not row.when]
    judged = {row.method for row in ALL_ROWS}
    assert judged.issuperset((*ORDINARY_WITHOUT_RISK, *ORDINARY_UNLESS_A_CONDITION_HOLDS))
