"""Random plans against a model of the portal: nothing is lost, repeated, reordered or invented."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from b24_mcp.rest import Failed, NotRun, Succeeded
from tests.fake_portal import FakePortal, PortalError, open_portal


@st.composite
def plans(draw: st.DrawFn) -> dict[str, dict[str, Any]]:
    """Up to 180 commands. Some fail, some cannot be said in a query string, some refer to up to two earlier ones."""
    size = draw(st.integers(1, 180) | st.sampled_from([50, 51, 100, 101, 180]))
    failing = draw(st.sampled_from([0, 20, 5]))
    alone = draw(st.sampled_from([0, 40, 7]))
    seeds = draw(st.lists(st.integers(0, 2**24 - 1), min_size=size, max_size=size))
    commands: dict[str, dict[str, Any]] = {}
    for index, seed in enumerate(seeds):
        params: dict[str, Any] = {"tag": f"c{index}"}
        if failing and seed % failing == 1:
            params["fail"] = 1
        if alone and seed % alone == 3:
            params["nothing"] = None
        refs = [f"c{(seed >> 8) % index}", f"c{(seed >> 4) % index}"][: seed % 3] if index else []
        for place, ref in enumerate(refs):
            params[f"ref{place}"] = f"$result[{ref}][id]" if seed & 8 else f"no $result[{ref}][id] !"
        commands[f"c{index}"] = {"method": "run", "params": params}
    return commands


@given(plans(), st.booleans())
@settings(max_examples=60, deadline=None)
async def test_every_plan_is_carried_out_as_far_as_it_can_be(commands: dict[str, dict[str, Any]], halt: bool) -> None:
    ran: list[dict[str, Any]] = []

    def run(params: dict[str, Any]) -> dict[str, Any]:
        ran.append(params)
        if "fail" in params:
            raise PortalError("ERROR_ARGUMENT", "as planned")
        return {"id": 1000 + int(params["tag"][1:])}

    fake = FakePortal(methods={"run": run})
    async with open_portal(fake) as portal:
        answer = await portal.batch(commands, halt=halt)

    order = list(commands)
    tags = [params["tag"] for params in ran]
    outcomes = answer.outcomes
    # Accounted for once, in order; what ran, ran once, in order.
    assert list(outcomes) == order
    assert tags == [name for name in order if name in set(tags)]
    assert len(tags) == len(set(tags))
    assert answer.error is None
    assert answer.requests == len(fake.requests)
    assert all(len(request.json["cmd"]) <= 50 for request in fake.requests if request.method == "batch")

    seen = {params["tag"]: params for params in ran}
    for name, outcome in outcomes.items():
        params = commands[name]["params"]
        refs = [key for key in params if key.startswith("ref")]
        named = {key: params[key].split("[")[1].split("]")[0] for key in refs}
        missing = [ref for ref in named.values() if not isinstance(outcomes[ref], Succeeded)]
        match outcome:
            case Succeeded(answered):
                assert answered.result == {"id": 1000 + int(name[1:])}
                assert "fail" not in params
                assert bool(answered.warnings) == bool(missing)
            case Failed(error):
                assert "fail" in params
                assert error.fault.code == "ERROR_ARGUMENT"
            case NotRun(reason):
                assert name not in seen
                assert (halt and reason.startswith("halted")) or any(ref in reason for ref in missing)
        if name in seen:
            assert isinstance(outcome, Succeeded | Failed)
            assert ("nothing" in params) == ("nothing" in seen[name])
            for key, ref in named.items():
                if ref not in missing:
                    wanted = params[key].replace(f"$result[{ref}][id]", str(1000 + int(ref[1:])))
                    assert str(seen[name][key]) == wanted

    stops = [name for name in order if not isinstance(outcomes[name], Succeeded)]
    if halt and stops:
        # Nothing after the first that did not succeed.
        assert all(order.index(name) <= order.index(stops[0]) for name in tags)
        assert all(isinstance(outcomes[name], NotRun) for name in order[order.index(stops[0]) + 1 :])
    if not stops and not any("nothing" in command["params"] for command in commands.values()):
        assert len(fake.requests) == -(-len(order) // 50)
