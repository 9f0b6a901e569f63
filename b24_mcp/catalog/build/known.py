"""Facts the pages do not state or state wrongly, checked by hand: names, methods without a page, argument orders."""

from __future__ import annotations

# Pages whose title, samples or file name lie about the method.
NAMES = {
    "api-reference/crm/automation/triggers/crm-automation-trigger-delete": "crm.automation.trigger.delete",
    "api-reference/departments/employee/humanresources-employee-search": "humanresources.employee.search",
    "api-reference/chats/special-operations/im-recent-pin": "im.recent.pin",
    "api-reference/departments/department-delete": "department.delete",
}

# Pages that look like one method and are not: a stale one that documents several, replaced by pages of their own.
STALE = frozenset({"api-reference/common/settings/user-option"})

# Methods the documentation speaks of without giving them a page.
WITHOUT_PAGE: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("bizproc.workflow.instance.list", "v2", ("bizproc",)),
    ("crm.controller.item.getFile", "v2", ("crm",)),
    ("crm.documentgenerator.document.download", "v2", ("crm",)),
    ("crm.documentgenerator.template.download", "v2", ("crm",)),
    ("documentgenerator.api.document.getfile", "v2", ("documentgenerator",)),
    ("event.test", "v2", ()),
    ("im.v2.Chat.Bot.sendContext", "v2", ("im",)),
    ("landing.repo.bind", "v2", ("landing",)),
    ("batch", "v3", ()),
    ("documentation", "v3", ()),
    ("rest.documentation.openapi", "v3", ()),
    ("rest.scope.list", "v3", ()),
    ("scopes", "v3", ()),
)

# Methods whose arguments are taken in their order, whatever their keys.
POSITIONAL: dict[str, tuple[str, ...]] = {
    "task.item.add": ("FIELDS",),
    "task.item.update": ("taskId", "FIELDS"),
    "task.item.list": ("ORDER", "FILTER", "PARAMS", "SELECT"),
    "task.item.getdata": ("taskId", "isEscaped"),
    "task.item.getdescription": ("taskId", "format"),
    "task.item.delegate": ("taskId", "userId"),
    "task.item.isactionallowed": ("taskId", "actionId", "userId"),
    "task.item.addfile": ("taskId", "fileParameters"),
    "task.item.deletefile": ("taskId", "fileId"),
    "task.item.addtofavorite": ("taskId", "params"),
    "task.item.deletefromfavorite": ("taskId", "params"),
    "task.items.getlist": ("ORDER", "FILTER", "SELECT", "PARAMS"),
    "task.elapseditem.getlist": ("taskId", "ORDER", "FILTER", "SELECT", "PARAMS"),
    "task.elapseditem.get": ("taskId", "itemId"),
    "task.elapseditem.add": ("taskId", "fields"),
    "task.elapseditem.update": ("taskId", "itemId", "fields"),
    "task.elapseditem.delete": ("taskId", "itemId"),
    "task.elapseditem.isactionallowed": ("taskId", "itemId", "actionId"),
    "task.checklistitem.getlist": ("taskId", "ORDER"),
    "task.checklistitem.get": ("taskId", "itemId"),
    "task.checklistitem.delete": ("taskId", "itemId"),
    "task.checklistitem.complete": ("taskId", "itemId"),
    "task.checklistitem.renew": ("taskId", "itemId"),
    "task.checklistitem.add": ("taskId", "fields"),
    "task.checklistitem.update": ("taskId", "itemId", "fields"),
    "task.checklistitem.moveafteritem": ("taskId", "itemId", "afterItemId"),
    "task.checklistitem.isactionallowed": ("taskId", "itemId", "actionId"),
    "task.commentitem.getlist": ("taskId", "ORDER", "FILTER"),
    "task.commentitem.get": ("taskId", "itemId"),
    "task.commentitem.delete": ("taskId", "itemId"),
    "task.commentitem.add": ("taskId", "fields"),
    "task.commentitem.update": ("taskId", "itemId", "fields"),
    "task.commentitem.isactionallowed": ("taskId", "itemId", "actionId"),
    "task.comment.add": ("taskId", "text"),
    "task.logitem.list": ("taskId", "ORDER", "FILTER"),
    "task.planner.getlist": (),
    **{
        f"task.item.{action}": ("taskId",)
        for action in (
            "getfiles", "gettags", "getdependson", "getallowedactions", "getallowedtaskactionsasstrings",
            "getexecutiveuserid", "startexecution", "pauseexecution", "defer", "complete", "renew", "approve",
            "disapprove", "delete",
        )
    },
    **{f"task.{family}.getmanifest": () for family in ("item", "elapseditem", "checklistitem", "commentitem")},
}  # fmt: skip

# Objects that REST 3.0 takes everywhere alike, where a page shows their keys in prose only: key -> type.
COMMON_OBJECTS: dict[str, dict[str, str]] = {
    "pagination": {"limit": "integer", "offset": "integer", "page": "integer"},
    "cursor": {"field": "string", "value": "any", "order": "string", "limit": "integer"},
}

# Pages that list values in a spelling the portal does not take: (beginning of the method, parameter).
MISSPELT_VALUES = (("vote.attachedvote.", "moduleId"),)

# Commands a batch refuses inside itself.
NOT_IN_BATCH = frozenset({"batch", "download", "upload"})

# Old CRM lists without a sample: they give bare lists, as all classic CRM methods do.
IF_UNKNOWN = frozenset(
    f"crm.{entity}.list"
    for entity in (
        "catalog", "dealcategory", "dealcategory.stage", "invoice", "invoice.recurring", "invoice.status",
        "invoice.userfield", "measure", "paysystem", "persontype", "product", "product.property", "productrow",
        "productsection",
    )
) | {
    "crm.product.property.types", "task.item.list", "task.items.getlist", "tasks.api.scrum.epic.list",
    "tasks.api.scrum.sprint.list",
}  # fmt: skip

# Where samples mislead or are missing: the kind of `result` (`map`: keyed by ids or codes, an empty list when empty).
RESULTS: dict[str, str] = {
    **dict.fromkeys(IF_UNKNOWN, "list"),
    "calendar.accessibility.get": "map",
    "im.department.employees.get": "map",
    "im.department.managers.get": "map",
    "im.search.user.list": "map",
    "imbot.bot.list": "map",
    "imconnector.list": "map",
    "landing.demos.getpagelist": "map",
    "landing.demos.getsitelist": "map",
    "landing.role.getrights": "map",
    "lists.field.get": "map",
    "task.stages.get": "map",
    "voximplant.line.get": "map",
    "voximplant.tts.voices.get": "map",
}

# The key of the list in `result`, where the sample does not show it; `{}`: a map by id.
LIST_KEYS: dict[str, str] = {
    "catalog.extra.list": "extras",
    "catalog.measure.list": "measures",
    "catalog.pricetype.list": "priceTypes",
    "catalog.roundingrule.list": "roundingRules",
    "catalog.section.list": "sections",
    "catalog.vat.list": "vats",
    "crm.item.batchimport": "items",
    "documentgenerator.region.list": "regions{}",
    "event.offline.get": "events",
    "im.dialog.messages.get": "messages",
    "im.dialog.messages.search": "messages",
    "im.notify.get": "notifications",
    "im.notify.history.search": "notifications",
    "im.v2.event.get": "events",
    "imbot.v2.event.get": "events",
    "rpa.item.list": "items",
    "rpa.stage.listfortype": "stages",
    "rpa.timeline.listforitem": "timeline",
    "rpa.type.list": "types",
    "sale.persontype.list": "personTypes",
    "vote.attachedvote.getanswervoted": "items",
}
