"""The arguments that several tools have in common: their types, their schemas, and what clients are told of them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from mcp_types import ToolAnnotations
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from b24_mcp.app.planning import WantedVersion

_A_COMMAND = '{"method": "crm.deal.get", "params": {"id": 1}}'


def _object_or_list(value: object) -> object:
    if value is None or isinstance(value, dict | list):
        return value
    raise ValueError("must be an object, or a list for a positional method")


def _command(value: object) -> object:
    if isinstance(value, dict | BatchCommand):
        return value
    raise ValueError(f"must be an object with method and perhaps params, such as {_A_COMMAND}")


def _commands_by_name(value: object) -> object:
    if isinstance(value, dict):
        return value
    raise ValueError(f'must be an object of commands by name, such as {{"deal": {_A_COMMAND}}}')


PortalName = Annotated[str | SkipJsonSchema[None], Field(description="Which portal")]
"""The argument that names a portal, on every tool that uses one; see `b24_mcp.server.tooling.name_portals`."""

Params = Annotated[
    Any,
    AfterValidator(_object_or_list),
    WithJsonSchema({"anyOf": [{"type": "object"}, {"type": "array", "items": {}}]}),
]
Method = Annotated[str, Field(description="Method name only, e.g. crm.deal.list")]
MethodParams = Annotated[
    Params,
    Field(description="Named parameters. For the positional task.* methods: a list of values in their order."),
]
Version = Annotated[
    WantedVersion, Field(description="Generation of the API. auto: the one that has the method, v2 where both do.")
]
AnswerFormat = Annotated[
    Literal["json", "xml"], Field(description="What the portal writes. Keep json; xml loses types.")
]
Validate = Annotated[bool, Field(description="Check params against the documentation first. false sends them as is.")]
DryRun = Annotated[
    bool, Field(description="Send nothing; show what would be sent, effect, risks, and whether a person is asked.")
]
Sql = Annotated[str, Field(description="One SELECT in the SQL of SQLite")]


class BatchCommand(BaseModel):
    """One command of a batch, as a client writes it."""

    model_config = ConfigDict(extra="forbid")

    method: str
    params: Params = None


Commands = Annotated[
    dict[str, Annotated[BatchCommand, BeforeValidator(_command)]],
    BeforeValidator(_commands_by_name),
    Field(description="Commands by name, run in this order; any number of them."),
]
Halt = Annotated[bool, Field(description="Stop at the first failure. Set it when commands build on each other.")]

READS_PORTAL = ToolAnnotations(read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=True)
"""The tool reads from the portal and changes nothing there."""

READS_LOCALLY = ToolAnnotations(
    read_only_hint=True, destructive_hint=False, idempotent_hint=True, open_world_hint=False
)
"""The tool reads what is on this computer."""

WRITES_FILE = ToolAnnotations(
    read_only_hint=False, destructive_hint=False, idempotent_hint=False, open_world_hint=False
)
"""The tool writes a file on this computer."""

CHANGES_PORTAL = ToolAnnotations(
    read_only_hint=False, destructive_hint=True, idempotent_hint=False, open_world_hint=True
)
"""The tool may change anything on the portal."""
