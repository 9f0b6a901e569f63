"""What the answer to a request of a batch means for each of its commands.

A command gets its outcome in the ledger, or returns to the planner to be sent again: one that a limit refused, and one
that only reads and whose answer was lost. A command that succeeded is never sent again.
"""

from __future__ import annotations

from dataclasses import dataclass

from b24_mcp.catalog import is_reading
from b24_mcp.errors import B24Error, our_error
from b24_mcp.rest.batch.commands import Command
from b24_mcp.rest.batch.ledger import Ledger
from b24_mcp.rest.batch.outcomes import Failed, NotRun, Succeeded
from b24_mcp.rest.batch.planner import RequestPlanner
from b24_mcp.rest.batch.resolved_command import ResolvedCommand
from b24_mcp.rest.batch.v2 import untrusted_reason
from b24_mcp.rest.batch.v3 import outcomes_after_refusal
from b24_mcp.rest.limits.retries import is_refused_by_limit


@dataclass(frozen=True, slots=True)
class Settlement:
    """The settlement of the requests of one batch."""

    ledger: Ledger
    planner: RequestPlanner

    def settle_answered(self, request: list[ResolvedCommand], outcomes: list[Succeeded | Failed]) -> None:
        """Settle a request that the portal answered, with the outcome of each command in the same order."""
        ledger = self.ledger
        again: list[Command] = []
        without_value: str | None = None
        for position, (resolved, outcome) in enumerate(zip(request, outcomes, strict=True)):
            command = resolved.command
            if ledger.halted_after is not None:
                ledger.outcomes[command.name] = NotRun(f"halted after {ledger.halted_after}")
            elif isinstance(outcome, Failed) and self._runs_again(command, outcome):
                again.append(command)
                if ledger.halt:  # the portal stopped here, so the later commands did not run either
                    again += [later.command for later in request[position + 1 :]]
                    break
            elif not resolved.kept:
                ledger.record(command.name, outcome)
            elif _refers_to_any(resolved, again):
                again.append(command)  # it read without the value of a command that is sent again
            elif (reason := untrusted_reason(resolved, ledger)) is not None:
                without_value = without_value or command.name
                ledger.record(command.name, Failed(_no_value(command, reason)), may_halt=False)
            else:
                ledger.record(command.name, outcome)
        if ledger.halt and ledger.halted_after is None:
            ledger.halted_after = without_value
        if again:
            self.planner.put_back(again)

    def settle_lost(self, request: list[ResolvedCommand], error: B24Error, *, stopped: bool) -> None:
        """Settle a request that failed as a whole, so that its commands did not run or may have run.

        Commands that only read are sent again, unless the batch halts at a failure. `stopped` is whether nothing more
        will be sent.
        """
        ledger = self.ledger
        again: list[Command] = []
        # A request that only reads was already sent again as a whole.
        writes = not only_reads(request)
        for resolved in request:
            command = resolved.command
            if error.fault.executed == "no":
                ledger.outcomes[command.name] = NotRun("not executed: the request failed as a whole")
            elif writes and not ledger.halt and _reads(command) and self.planner.may_try_again(command):
                again.append(command)
            else:
                ledger.record(command.name, Failed(error.of(command.method)), may_halt=False)
        if ledger.halt and not stopped:
            ledger.halted_after = request[0].command.name
        self.planner.put_back(again)

    def settle_refused(self, request: list[ResolvedCommand], error: B24Error) -> bool:
        """Settle a request of REST 3.0 that the portal refused because of one command; earlier commands stay executed.

        Commands that only read are sent again in halves, until the refused command is known. If one of them writes,
        nothing is sent again, and each command gets the outcome that is known. Return whether commands got an outcome.
        """
        if only_reads(request):
            self.planner.split(request)
            return False
        outcomes, self.ledger.halted_after = outcomes_after_refusal(request, error)
        for name, outcome in outcomes.items():
            self.ledger.record(name, outcome, may_halt=False)
        return True

    def settle_pending(self) -> None:
        """Record an outcome for every command that is not sent any more."""
        for command in self.planner.pending:
            if self.ledger.halted_after is not None:
                reason = f"halted after {self.ledger.halted_after}"
            elif self.planner.tries(command):
                reason = "its answer was lost or refused, and there was no time to send it again"
            else:
                reason = "not sent: an earlier request failed as a whole"
            self.ledger.outcomes[command.name] = NotRun(reason)

    def _runs_again(self, command: Command, outcome: Failed) -> bool:
        return is_refused_by_limit(outcome.error.fault) and self.planner.may_try_again(command)


def only_reads(request: list[ResolvedCommand]) -> bool:
    """Whether no command of a request changes anything."""
    return all(_reads(resolved.command) for resolved in request)


def _reads(command: Command) -> bool:
    return is_reading(command.method, command.version)


def _refers_to_any(resolved: ResolvedCommand, commands: list[Command]) -> bool:
    names = {kept.reference.command for kept in resolved.kept}
    return any(command.name in names for command in commands)


def _no_value(command: Command, reason: str) -> B24Error:
    return our_error(
        "B24MCP_NO_VALUE",
        f"{reason}. The portal inserted something else and read that, so the answer is left out.",
        method=command.method,
    )
