"""Run the everyday jobs and print a table: calls and characters of each, and whether it was done.

    python -m benchmarks.jobs                          # the scripted solutions, on one portal
    python -m benchmarks.jobs --only 1,18 --json
    python -m benchmarks.jobs --model NAME             # a model at OPENAI_BASE_URL, with OPENAI_API_KEY
    python -m benchmarks.jobs --model NAME --server "other-server --stdio" --language en
    python -m benchmarks.jobs --by-hand 5              # any client and model: type the answer, it is graded

With `--model` and `--by-hand` each job has a fresh portal. A server started with `--server` finds its portal in
B24_WEBHOOK_URL, and `{webhook}` in the command stands for the same address.
"""

from __future__ import annotations

import json
from collections.abc import Sequence

import anyio
import click

from benchmarks.jobs.all import JOBS
from benchmarks.jobs.by_hand import grade_by_hand
from benchmarks.jobs.model import ModelRun
from benchmarks.jobs.run import Result, run_all

_HEAD = f"{'job':<32}{'calls':>6}{'ideal':>6}{'answers':>9}{'typed':>7}{'raw REST':>10}  result"


@click.command(help=__doc__.replace("\n\n    python", "\n\n\b\n    python"))
@click.option("--only", default="", help="Numbers of jobs, separated by commas.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
@click.option("--model", "model_name", default="", help="The name of a model behind an OpenAI-compatible address.")
@click.option("--server", default="", help="The command of another MCP server; default is this one.")
@click.option("--language", type=click.Choice(["ru", "en"]), default="ru", help="The language of the questions.")
@click.option("--by-hand", type=int, default=0, help="The number of a job whose answer you type.")
def main(only: str, as_json: bool, model_name: str, server: str, language: str, by_hand: int) -> None:
    """Run jobs and print what they cost."""
    wanted = {int(number) for number in only.split(",") if number}
    jobs = [job for job in JOBS if not wanted or job.number in wanted]
    if by_hand:
        grade_by_hand(next(job for job in JOBS if job.number == by_hand), language)
        return
    run = ModelRun(model_name, server, language).run if model_name else run_all
    results = anyio.run(run, jobs)
    if as_json:
        click.echo(json.dumps([as_object(result) for result in results], ensure_ascii=False, indent=1))
    else:
        show(results)


def as_object(result: Result) -> dict[str, object]:
    """Return a result as a JSON object."""
    return {
        "job": result.job.number,
        "name": result.job.name,
        "calls": result.calls,
        "ideal": result.job.ideal,
        "characters": result.characters,
        "typed": result.sent,
        "raw": result.raw,
        "wrong": list(result.wrong),
    }


def show(results: Sequence[Result]) -> None:
    """Print the table."""
    click.echo(_HEAD)
    for result in results:
        job = result.job
        said = "; ".join(result.wrong)[:300] or "done"
        click.echo(
            f"{job.number:>2} {job.name:<29}{result.calls:>6}{job.ideal:>6}{result.characters:>9}{result.sent:>7}"
            f"{result.raw:>10}  {said}"
        )
    rows = [(one.calls, one.job.ideal, one.characters, one.sent, one.raw) for one in results]
    if rows:
        sums = [sum(column) for column in zip(*rows, strict=True)]
        click.echo(f"{'all':<32}{sums[0]:>6}{sums[1]:>6}{sums[2]:>9}{sums[3]:>7}{sums[4]:>10}")


if __name__ == "__main__":
    main()
