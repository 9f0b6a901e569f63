"""Calls with files: what is uploaded to the disk before the call, and to an address in its answer after it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.files.multipart import form_with_file
from b24_mcp.rest.files.progress import MEGABYTE, TransferProgress, allow_time
from b24_mcp.rest.planned import PlannedCall, call_request, plan_call
from b24_mcp.rest.wire.answer import Answer, integer, read_answer
from b24_mcp.rest.wire.file_value import (
    DiskFile,
    InlineFile,
    SeparateFile,
    UploadedFile,
    files_in,
    uploaded_file,
    with_files_replaced,
)
from b24_mcp.rest.wire.params import Params
from b24_mcp.storage.places import sent_name

if TYPE_CHECKING:
    from b24_mcp.rest.files.request_sender import Finish, RequestSender
    from b24_mcp.rest.limits.deadline import Deadline
    from b24_mcp.storage.existing_file import FoundFile

LARGEST_REQUEST = 2 << 30
"""Bytes of a request in the cloud. Source: documentation, api-reference/files/how-to-upload-files."""
SEPARATE_FROM = 4 * MEGABYTE
"""Bytes from which a file is uploaded to an address of its own, where the method offers one."""
_ADDRESSES = ("uploadUrl", "UploadUrl")
_FIELDS = ("field", "fieldName")


async def send_with_files(
    sender: RequestSender, planned: PlannedCall, params: Params, deadline: Deadline, permit: object | None
) -> Answer:
    """Send a planned call that has files in its `params`.

    Raises:
        B24Error: as `Sender.send`; `B24MCP_FILE_CHANGED` or `B24MCP_FILE` for a file that is not as it was planned;
            `B24MCP_FILE_TOO_LARGE` for a request that is too large.
    """
    files = list(files_in(params))
    whole = sum(file.found.size for file in files)
    check_size(planned.method, sum(file.found.size for file in files if isinstance(file, InlineFile)))
    allow_time(deadline, whole)
    done: dict[int, UploadedFile] = {}
    try:
        for file in files:
            if isinstance(file, DiskFile):
                done[id(file)] = await _uploaded_to_disk(sender, file, planned, params, deadline, permit)
        sent = with_files_replaced(params, lambda file: done.get(id(file), file))
        assert isinstance(sent, dict | list)
        separate = next((file for file in files if isinstance(file, SeparateFile)), None)
        finish = None if separate is None else _second_step(sender, separate, planned, deadline)
        progress = TransferProgress(deadline, -(-whole // 3) * 4, "sending the file")
        return await sender.send(call_request(planned, sent), deadline, permit, finish=finish, on_piece=progress)
    except B24Error as exc:
        raise _with_uploads(exc, done.values()) from None


def check_size(method: str, size: int) -> None:
    """Check that a request with `size` bytes of files is not larger than a portal accepts.

    Raises:
        B24Error: `B24MCP_FILE_TOO_LARGE`; nothing was sent.
    """
    if size * 4 / 3 + MEGABYTE > LARGEST_REQUEST:
        raise our_error(
            "B24MCP_FILE_TOO_LARGE",
            f"The request would have {size * 4 / 3 / MEGABYTE:.0f} MB, and a portal accepts 2048 MB.",
            method=method,
        )


def _second_step(sender: RequestSender, file: SeparateFile, planned: PlannedCall, deadline: Deadline) -> Finish:
    """Return the second step of an upload: the file is sent to the address in the answer of the first."""

    async def upload(first: Answer) -> Answer:
        result = first.result if isinstance(first.result, Mapping) else {}
        address = next((result[name] for name in _ADDRESSES if isinstance(result.get(name), str)), None)
        field = next((result[name] for name in _FIELDS if isinstance(result.get(name), str)), "file")
        if address is None:
            raise our_error("B24MCP_BAD_ANSWER", "The portal named no address for the upload.", method=planned.method)
        route = await sender.credential.route()
        address = urljoin(f"{route.origin}/", address)
        if not route.is_at(address) or urlsplit(address).scheme != urlsplit(route.origin).scheme:
            host = urlsplit(address).hostname or "another host"
            message = f"The portal names {host} for the upload, which is not the portal. The file was not sent."
            raise our_error("B24MCP_FILE_HOST", message, method=planned.method)
        return await _send_form(sender, address, file.found, field, planned, deadline)

    return upload


async def _send_form(
    sender: RequestSender, address: str, found: FoundFile, field: str, planned: PlannedCall, deadline: Deadline
) -> Answer:
    """Send a file to a signed address. It is not sent again: a second try could store it twice."""
    request = call_request(planned, {})
    media_type, body = form_with_file(found, sent_name(found.name), field)
    progress = TransferProgress(deadline, body.length, "sending the file")
    with sender.clock.timeout(deadline.left):
        async with sender.limits.turn(request.charged, deadline):
            reply = await sender.transport().post(address, body, "json", media_type=media_type, on_piece=progress)
        if 300 <= reply.status < 400:
            raise our_error(
                "B24MCP_BAD_ANSWER", "The portal redirected the upload, which was not followed.", method=planned.method
            )
        return read_answer(reply, request)
    raise our_error("B24MCP_TIMEOUT", "The upload was not complete in time.", method=planned.method)


async def _uploaded_to_disk(
    sender: RequestSender,
    file: DiskFile,
    planned: PlannedCall,
    params: Params,
    deadline: Deadline,
    permit: object | None,
) -> UploadedFile:
    """Upload a file to the disk, and return it with its id.

    Raises:
        B24Error: of the upload; the call was not sent.
    """
    try:
        if file.folder == "chat":
            method, folder = "disk.folder.uploadFile", await _chat_folder(sender, params, deadline)
        else:
            method, folder = "disk.storage.uploadFile", await _own_storage(sender, deadline)
        name = sent_name(file.found.name)
        content = SeparateFile(file.found) if file.found.size >= SEPARATE_FROM else InlineFile(file.found)
        upload = plan_call(
            method,
            {"id": folder, "data": {"NAME": name}, "fileContent": [name, content], "generateUniqueName": True},
        )
        answer = await sender.send_call(upload, deadline, permit)
        number = integer(answer.result.get("ID")) if isinstance(answer.result, Mapping) else None
        if number is None:
            raise our_error("B24MCP_BAD_ANSWER", "The portal named no id of the uploaded file.", method=method)
    except B24Error as exc:
        said = f"{file.found.name!r} has to be on the disk first, and was not uploaded: {exc.fault.message}"
        raise B24Error(replace(exc.fault, message=said), planned.method) from None
    return uploaded_file(file, number)


async def _own_storage(sender: RequestSender, deadline: Deadline) -> int:
    """Return the id of the disk of the user that the credential belongs to."""
    profile = (await sender.send_call(plan_call("profile"), deadline)).result
    user = integer(profile.get("ID")) if isinstance(profile, Mapping) else None
    which = {"filter": {"ENTITY_TYPE": "user", "ENTITY_ID": user}}
    found = (await sender.send_call(plan_call("disk.storage.getlist", which), deadline)).result
    for one in found if isinstance(found, list) else []:
        number = integer(one.get("ID")) if isinstance(one, Mapping) else None
        if number is not None:
            return number
    raise our_error("B24MCP_BAD_ANSWER", "The portal names no disk of this user.", method="disk.storage.getlist")


async def _chat_folder(sender: RequestSender, params: Params, deadline: Deadline) -> int:
    """Return the folder of the chat that a call names."""
    names = params if isinstance(params, dict) else {}
    chat = {name.upper(): value for name, value in names.items() if name.upper() in ("CHAT_ID", "DIALOG_ID")}
    found = (await sender.send_call(plan_call("im.disk.folder.get", chat), deadline)).result
    number = integer(found.get("ID")) if isinstance(found, Mapping) else None
    if number is None:
        raise our_error("B24MCP_BAD_ANSWER", "The portal names no folder of this chat.", method="im.disk.folder.get")
    return number


def _with_uploads(error: B24Error, done: Collection[UploadedFile]) -> B24Error:
    """Return the error of a call whose files are on the disk already, so that they need not be uploaded again."""
    if not done:
        return error
    uploaded = ", ".join(f"{file.found.name!r} as {file.sent!r}" for file in done)
    hint = f"{error.fault.hint} Uploaded to the disk already: {uploaded}. Use that value instead of $file."
    return B24Error(replace(error.fault, hint=hint), error.method)


__all__ = ["SEPARATE_FROM", "check_size", "send_with_files"]
