"""What an application registers under a code: workflow actions and robots, senders of messages, AI engines.

Documentation: api-reference/{bizproc,messageservice,ai}.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

from b24_sandbox import declared, php, tables
from b24_sandbox.call import Call
from b24_sandbox.errors import PortalError
from b24_sandbox.methods.records_by_code import RecordByCode, RecordsByCode, application
from b24_sandbox.php import Map, Value
from b24_sandbox.registry import MethodTable

method = MethodTable("", admin_only=True)
engine = method.of_scope("ai_admin")
register = method.register

_CODE = re.compile(r"[A-Za-z0-9._-]+")
_ENGINE_CODE = re.compile(r"[A-Za-z0-9_-]+")
_ENGINES = RecordsByCode("ai_engine")
_CATEGORIES = ("text", "image", "audio", "call")


@dataclass(frozen=True, slots=True)
class ProviderFamily:
    """A family with `add`, `update`, `list` and `delete` of providers, read from `families/plain/providers.toml`.

    `word` is how messages name a provider, `error` the first part of the codes. `needed` are the values an add
    requires beside the code and the handler, `optional` the other ones. `unknown` and `known` are the messages for a
    code that does not exist and for one that does. `rivals` are families whose codes are taken too.
    """

    prefix: str
    scope: str
    word: str
    error: str
    needed: Sequence[str]
    optional: Sequence[str]
    unknown: str
    known: str
    rivals: Sequence[str] = ()

    @property
    def records(self) -> RecordsByCode:
        """The stored providers."""
        return RecordsByCode(self.prefix)

    def wrong(self, words: str) -> PortalError:
        """The error for an invalid value."""
        return PortalError(f"ERROR_{self.error}_VALIDATION_FAILURE", words)

    def code(self, sent: Map) -> str:
        """The sent code, checked."""
        code = php.text(sent.get("CODE"))
        if not code:
            raise self.wrong(f"Empty {self.word} code!")
        if _CODE.fullmatch(code) is None:
            raise self.wrong(f"Wrong {self.word} code!")
        return code

    def find(self, call: Call) -> RecordByCode:
        """The provider that a call names."""
        record = self.records.get(call, self.code(call.upper_case()), application(call))
        if record is None:
            raise PortalError(f"ERROR_{self.error}_NOT_FOUND", self.unknown)
        return record


def _handler(sent: Map) -> str:
    handler = php.text(sent.get("HANDLER"))
    parts = urlsplit(handler)
    if parts.scheme not in ("http", "https"):
        raise PortalError("ERROR_UNSUPPORTED_PROTOCOL", "Unsupported handler protocol")
    if not parts.hostname:
        raise PortalError("ERROR_WRONG_HANDLER_URL", "Wrong handler URL")
    return handler


def _values(family: ProviderFamily, sent: Map) -> Map:
    """The sent values of a provider."""
    for name in ("PROPERTIES", "RETURN_PROPERTIES"):
        if name in family.optional and sent.get(name) and not php.is_array(sent[name]):
            raise family.wrong("Wrong properties array!")
    if "FILTER" in family.optional and sent.get("FILTER") and not php.is_array(sent["FILTER"]):
        raise family.wrong(f"Wrong {family.word} FILTER!")
    found: Map = {name: sent[name] for name in (*family.needed, *family.optional) if sent.get(name) is not None}
    return {**found, "HANDLER": _handler(sent)} if "HANDLER" in sent else found


def _add(family: ProviderFamily, call: Call) -> Value:
    sent = call.upper_case()
    if not sent:
        raise family.wrong("Empty data!")
    code = family.code(sent)
    _handler(sent)
    for name in family.needed:
        if not php.truthy(sent.get(name)):
            words = f"message {name}" if name == "TYPE" else name
            raise family.wrong(f"Empty {family.word} {words}!")
    if "TYPE" in family.needed and php.text(sent.get("TYPE")).upper() != "SMS":
        raise family.wrong(f"Unknown {family.word} message TYPE!")
    owner = application(call)
    if any(RecordsByCode(kind).get(call, code, owner) for kind in (family.prefix, *family.rivals)):
        raise PortalError(f"ERROR_{family.error}_ALREADY_INSTALLED", family.known)
    family.records.add(call, code, _values(family, sent), owner)
    return True


def _update(family: ProviderFamily, call: Call) -> Value:
    """Change a provider. Workflow actions have their new values in `FIELDS`, senders beside the code."""
    sent = call.upper_case()
    nested = "FILTER" in family.optional
    if not nested and not php.text(sent.get("CODE")):
        raise PortalError(f"ERROR_{family.error}_CODE_REQUIRED", "CODE is required!")
    record = family.find(call)
    changes = _values(family, php.as_map(sent.get("FIELDS")) if nested else sent)
    if not changes and not nested:
        raise PortalError(f"ERROR_{family.error}_OTHER_PARAMS_REQUIRED", "At least one other parameter is required!")
    if not changes:
        raise family.wrong("No fields to update")
    family.records.update(call, record, changes)
    return True


def _delete(family: ProviderFamily, call: Call) -> Value:
    family.records.remove(call, family.find(call))
    return True


def _list(family: ProviderFamily, call: Call) -> Value:
    return [record.code for record in family.records.all(call, application(call))]


def _refused(code: str, words: str) -> PortalError:
    return PortalError(f"ENGINE_REGISTER_ERROR_{code}", words)


def _engine_word(call: Call, name: str) -> str:
    value = call.exact(name)
    if not isinstance(value, str) or not value:
        raise _refused(name.upper(), f"The `{name}` key with a string value is required")
    return value


@engine("ai.engine.register", app_only=True)
def _engine_register(call: Call) -> Value:
    """Register an engine, once for a code within a category. Its address is not requested."""
    name, code = _engine_word(call, "name"), _engine_word(call, "code")
    if _ENGINE_CODE.fullmatch(code) is None:
        raise _refused("CODE_FORMAT", "The `code` key must contain only characters `A-Za-z0-9-_`")
    category = php.text(call.exact("category"))
    if not category:
        raise _refused("CATEGORY", "The `category` key is required")
    if category not in _CATEGORIES:
        known = ", ".join(_CATEGORIES)
        raise _refused("CATEGORY_FORMAT", f"The `category` key can contain one of the values: `{known}`")
    address = _engine_word(call, "completions_url")
    if urlsplit(address).scheme not in ("http", "https"):
        raise _refused("COMPLETIONS_URL_FAIL", "The value of the `completions_url` key must be a valid URL")
    settings = call.exact("settings")
    if settings is not None and not php.is_array(settings):
        raise _refused("SETTINGS_FORMAT", "The value of the `settings` key must be valid JSON")
    owner = application(call)
    if any(known.code == code and known.data["category"] == category for known in _ENGINES.all(call, owner)):
        raise _refused("CODE_UNIQUE", "A record with this `code` already exists")
    data: Map = {"name": name, "category": category, "completions_url": address, "settings": php.as_map(settings)}
    return _ENGINES.add(call, code, {**data, "date_create": int(call.now)}, owner)


@engine("ai.engine.list", app_only=True)
def _engine_list(call: Call) -> Value:
    """The engines of the application; `filter` compares `id`, `code`, `name` and `category`."""
    owner = application(call)
    shown: list[Map] = [
        {"id": known.id, "app_code": owner, "code": known.code, **known.data} for known in _ENGINES.all(call, owner)
    ]
    for name, wanted in php.as_map(call.exact("filter")).items():
        shown = [known for known in shown if php.text(known.get(name)) in map(php.text, php.as_list(wanted))]
    limit = php.integer(call.exact("limit"))
    return shown[:limit] if limit > 0 else shown


@engine("ai.engine.unregister", app_only=True)
def _engine_unregister(call: Call) -> Value:
    """Remove the engine with this code, or all engines of the application without a code."""
    code, removed = call.exact("code"), False
    for known in _ENGINES.all(call, application(call)):
        if code is None or known.code == code:
            _ENGINES.remove(call, known)
            removed = True
    return removed


_ACTIONS: tuple[tuple[str, Callable[[ProviderFamily, Call], Value]], ...] = (
    ("add", _add),
    ("update", _update),
    ("list", _list),
    ("delete", _delete),
)
for _prefix, _facts in tables.load(declared.FOLDER / "plain" / "providers.toml").items():
    _family = ProviderFamily(_prefix, **php.as_map(_facts))  # type: ignore[arg-type]  # the file has its fields
    for _name, _run in _ACTIONS:
        method.of_scope(_family.scope).add(f"{_family.prefix}.{_name}", partial(_run, _family), app_context=True)
