"""The arguments and annotations that several tools share: types, schemas and descriptions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from mcp_types import ToolAnnotations
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetCoreSchemaHandler, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema
from pydantic_core import core_schema

from b24_mcp.app.requests import LARGEST_LIMIT, WantedVersion
from b24_mcp.server.given import decoded, is_nothing

_A_COMMAND = '{"method": "crm.deal.get", "params": {"id": 1}}'
COMMAND_FORM = f"must be an object with method and optional params, such as {_A_COMMAND}"
_COMMANDS_FORM = f'must be an object of commands by name, such as {{"deal": {_A_COMMAND}}}'


class Message:
    """An annotation of an argument: one message for every value that does not fit."""

    def __init__(self, text: str) -> None:
        self._text = text

    def __get_pydantic_core_schema__(self, source: object, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.custom_error_schema(handler(source), "argument", custom_error_message=self._text)


def _command(value: object) -> object:
    value = decoded(value)
    if isinstance(value, BatchCommand) or (isinstance(value, dict) and isinstance(value.get("method"), str)):
        return value
    raise ValueError(COMMAND_FORM)


def _commands_by_name(value: object) -> object:
    # A single command, or the parameters of the method `batch`, in place of commands by name.
    if isinstance(value, dict) and not isinstance(value.get("method"), str) and not isinstance(value.get("cmd"), dict):
        return value
    raise ValueError(_COMMANDS_FORM)


def _object_or_list(value: object) -> object:
    return None if is_nothing(value) else decoded(value)


PortalName = Annotated[str | SkipJsonSchema[None], Field(description="Which portal")]
"""The name of the portal, an argument of every tool that uses one; see `b24_mcp.server.tooling.name_portals`."""

# Lists are accepted as well. The schema does not say so, because some hosts refuse a schema without one type.
Params = Annotated[
    dict[str, Any] | list[Any] | None,
    Message("must be an object, or a list for a positional method"),
    BeforeValidator(_object_or_list),
    WithJsonSchema({"type": "object"}),
]
Method = Annotated[str, Field(description="Method name only, e.g. crm.deal.list")]
OptionalMethod = Annotated[str | SkipJsonSchema[None], Field(description="Method name only, e.g. crm.deal.update")]
Approval = Annotated[
    str | SkipJsonSchema[None],
    Field(description="Code of an approved call, alone"),
]
MethodParams = Annotated[
    Params,
    Field(description="Parameters by name. They are put in order for positional methods"),
]
WriteParams = Annotated[
    Params,
    Field(description='Parameters by name. A file of the user is {"$file": "offer.pdf"}'),
]
Version = Annotated[WantedVersion, Field(description="API generation")]
AnswerFormat = Annotated[Literal["json", "xml"], Field(description="Keep json: xml loses types")]
Validate = Annotated[bool, Field(description="false: send unchecked")]
DryRun = Annotated[bool, Field(description="Send nothing, show what would be sent")]
Limit = Annotated[
    Annotated[int, Field(ge=1, le=LARGEST_LIMIT)] | SkipJsonSchema[None],
    Field(description="Rows of a list at most, across pages"),
]
SaveAs = Annotated[str | SkipJsonSchema[None], Field(description="Name of the data set. Replaces an existing one.")]
Empty = Annotated[bool, Field(description="Show empty values too")]
Resolve = Annotated[bool, Field(description="Add names for ids of people, stages, options, records")]
# The name of a kind is accepted as well. The schema does not say so, to have one type.
Chart = Annotated[
    bool | Literal["bar", "line", "pie"],
    Message("must be true, false, bar, line or pie"),
    WithJsonSchema({"type": "boolean"}),
    Field(description="Also draw the rows: a name or date, then numbers"),
]
Sql = Annotated[str, Field(description="One SELECT in SQLite syntax")]


class BatchCommand(BaseModel):
    """One command of a batch, as a client writes it."""

    model_config = ConfigDict(extra="forbid")

    method: str
    params: Params = None


Commands = Annotated[
    dict[str, Annotated[BatchCommand, BeforeValidator(_command)]],
    BeforeValidator(_commands_by_name),
    Field(description="Commands by name, run in this order, any number."),
]
NO_COMMANDS: dict[str, BatchCommand] = {}
"""The default of commands that the code of an approval can replace."""
Halt = Annotated[bool, Field(description="Stop at the first failure. Set it when commands depend on each other.")]

READS_PORTAL = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
"""The tool reads from the portal and changes nothing there."""

READS_LOCALLY = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""The tool reads local data only."""

WRITES_FILE = ToolAnnotations(read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=True)
"""The tool writes a file on this computer. It may read from the portal for it."""

CHANGES_PORTAL = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""The tool may change anything on the portal."""
