"""What the demonstration company has beside its CRM."""

from b24_mcp.sandbox.seed.documents import file_documents
from b24_mcp.sandbox.seed.groups import gather
from b24_mcp.sandbox.seed.registers import keep_registers
from b24_mcp.sandbox.storage import Storage


def furnish(storage: Storage, now: float) -> None:
    """Write all of it; dates are counted back from ``now`` (Unix seconds)."""
    file_documents(storage, now)
    gather(storage, now)
    keep_registers(storage, now)
