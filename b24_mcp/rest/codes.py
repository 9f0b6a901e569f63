"""The error codes of the REST client, beside those of the portal."""

from __future__ import annotations

from b24_mcp.errors.table import CHECK_FIRST, CodeFact
from b24_mcp.rest.portal_codes import PORTAL_CODES

CODES: dict[str, CodeFact] = PORTAL_CODES | {
    # Refused before anything was sent
    "B24MCP_METHOD_NAME": CodeFact(
        "validation",
        "Nothing was sent. Use the bare method name, such as crm.deal.list. Parameters belong in params.",
    ),
    "B24MCP_PARAMS": CodeFact("validation", "Nothing was sent. Correct params and call again."),
    "B24MCP_COMMANDS": CodeFact("validation", "Nothing was sent. Correct the commands and call again."),
    "B24MCP_REFERENCE": CodeFact(
        "validation",
        "Nothing was sent. A reference is $result[name][field], where name is an earlier command. It stands alone or "
        "between spaces. To send text that only looks like a reference, use call_method.",
    ),
    "B24MCP_VERSION": CodeFact(
        "validation", "Nothing was sent. Set version to auto, or to the version named in the message."
    ),
    # Credentials
    "B24MCP_WEBHOOK": CodeFact(
        "auth",
        "Nothing was sent. A person has to set B24_WEBHOOK_URL to an incoming webhook: "
        "https://PORTAL/rest/USER_ID/CODE/ (in Bitrix24: Developer resources, Other, Inbound webhook).",
    ),
    "B24MCP_NO_LOGIN": CodeFact("auth", "Nothing was sent. A person has to run b24-mcp login on this computer."),
    "B24MCP_LOGIN_ENDED": CodeFact(
        "auth",
        "Nothing was executed. The person has to log in again: connect this server in the client once more, or open "
        "its address in a browser.",
    ),
    "B24MCP_CONSENT": CodeFact("auth", "Nothing was saved. A person has to run b24-mcp login again."),
    "B24MCP_OTHER_PORTAL": CodeFact(
        "auth",
        "Nothing was sent or saved. If the other portal is meant, run b24-mcp logout first, then b24-mcp login.",
    ),
    "B24MCP_TOKENS": CodeFact(
        "unavailable",
        "Nothing was executed. Tokens are renewed only where they can be saved: their folder must be writable, or "
        "Redis must be reachable.",
    ),
    "B24MCP_OAUTH_SERVER": CodeFact(
        "unavailable",
        "Nothing was executed. The tokens could not be renewed just now. Try again soon.",
        retryable=True,
    ),
    # The connection to the portal
    "B24MCP_NO_CONNECTION": CodeFact(
        "unavailable",
        "Nothing was executed. Check that the address is correct and can be reached from this computer.",
        retryable=True,
    ),
    "B24MCP_TLS": CodeFact(
        "unavailable",
        "Nothing was executed. This computer does not trust the certificate. For a company's own authority, install "
        "its certificate in the system, or name its file in B24_CA_BUNDLE.",
    ),
    "B24MCP_PROXY": CodeFact(
        "unavailable",
        "Nothing was executed. A person has to check the proxy. NO_PROXY names hosts that are reached without it.",
        retryable=True,
    ),
    "B24MCP_DEADLINE": CodeFact(
        "unavailable",
        "Nothing was executed. The deadline of the whole call (B24_DEADLINE) passed before the request was sent. Call "
        "again, with fewer calls at once.",
        retryable=True,
    ),
    "B24MCP_STILL_RUNNING": CodeFact(
        "unavailable", "Nothing was sent now. Call again at the time in the message.", "unknown", retryable=True
    ),
    "B24MCP_TIMEOUT": CodeFact("unavailable", f"The portal did not answer in time. {CHECK_FIRST}", "unknown"),
    "B24MCP_CONNECTION_LOST": CodeFact(
        "unavailable", f"The connection broke before the answer arrived. {CHECK_FIRST}", "unknown"
    ),
    "B24MCP_BAD_ANSWER": CodeFact(
        "unavailable",
        f"This is not an answer of the REST API. It may come from a proxy, a login page or a failed gateway. "
        f"{CHECK_FIRST}",
        "unknown",
    ),
    "B24MCP_PORTAL_MOVED": CodeFact(
        "unavailable",
        "Nothing was executed. Ask the user to look up the portal's present address and to correct B24_WEBHOOK_URL "
        "or B24_PORTAL.",
    ),
    "B24MCP_PORTAL_CLOSED": CodeFact(
        "unavailable",
        "Nothing was executed. The portal shows a page of its own instead of answering. Its licence may have ended.",
    ),
    "B24MCP_TOO_LARGE": CodeFact(
        "portal",
        f"Request less: fewer fields with select, a narrower filter, or fewer commands. {CHECK_FIRST}",
        "unknown",
    ),
    # Files
    "B24MCP_FILE_TOO_LARGE": CodeFact(
        "validation",
        "Nothing was executed. Send a smaller file. Files of up to 2 GB can be uploaded to the disk with "
        "disk.folder.uploadfile, unless the portal sets a lower limit.",
    ),
    "B24MCP_FILE_HOST": CodeFact(
        "policy", "Nothing was sent there. Files are sent to and read from the hosts of the portal only."
    ),
    "B24MCP_DOWNLOAD": CodeFact(
        "portal",
        "No file was written. Read the record again for a new handle: links of a portal are valid for a short time.",
    ),
    "B24MCP_NO_V3": CodeFact(
        "unknown_method",
        "Nothing was executed. Find a method of version v2 with find_methods. A self-hosted portal may get REST 3.0 "
        "with an update.",
    ),
    # Limits
    "B24MCP_BUSY": CodeFact(
        "rate_limit", "Nothing was sent. Call again at the time in the message, or make fewer calls.", retryable=True
    ),
    "B24MCP_OPERATING": CodeFact(
        "operating_limit",
        "Nothing was sent. Call again at the time in the message. Until then use other methods, or request less.",
        retryable=True,
    ),
    # Batches
    "B24MCP_RESULT_LOST": CodeFact(
        "portal",
        "The command was executed, but REST 3.0 answers a failed batch with the failure alone. Read the record back; "
        "do not repeat the command.",
        "yes",
    ),
    "B24MCP_BATCH_FAILED": CodeFact(
        "portal",
        "This command or a later one was refused, and REST 3.0 does not say which. The commands before it were "
        "executed. Read the record back before you repeat a write.",
        "unknown",
    ),
    "B24MCP_NO_VALUE": CodeFact(
        "validation", "The command only read data and changed nothing. Correct the reference and call again.", "yes"
    ),
    "B24MCP_NO_ANSWER": CodeFact(
        "portal", f"The portal's answer says nothing about this command. {CHECK_FIRST}", "unknown"
    ),
    # Lists
    "B24MCP_NOT_A_LIST": CodeFact(
        "validation",
        "Nothing was sent. Only documented methods that return a list can be read as a whole list. Use call_method for "
        "any other method.",
    ),
    "B24MCP_CURSOR": CodeFact(
        "validation",
        "Nothing was sent. Pass the cursor unchanged, with the same method and params, or start again without it.",
    ),
    "B24MCP_LIST_SHAPE": CodeFact(
        "portal",
        "The method was executed and only read data. Look at its answer with read_method: this portal may answer in "
        "another form.",
        "yes",
    ),
}
