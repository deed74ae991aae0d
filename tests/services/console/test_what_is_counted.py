"""The console serves what the page of metrics says of it, and names nobody."""

from pathlib import Path

from deploy.observability.catalogue import metrics
from libs.telemetry.metrics import new_registry
from tests.services.console.desk import ANNA, console_desk

OF_SPANS = {family.name for family in new_registry().collect() if family.name.startswith("omnithread_")}
"""Of every process, and not of a registry: tracing is set up for the process."""


async def test_the_console_serves_the_metrics_of_the_page_and_names_no_member_of_staff(tmp_path: Path) -> None:
    async with console_desk(tmp_path, spans_listen="127.0.0.1:0") as desk:
        await desk.sign_in()
        families = list(desk.running.registry.collect())
    served = {f"{one.name}_total" if one.type == "counter" else one.name for one in families}
    wanted = {one.name for one in metrics() if "console" in one.programs}
    assert served == {name for name in wanted if name.removesuffix("_total") not in OF_SPANS}
    values = {value for family in families for sample in family.samples for value in sample.labels.values()}
    assert "/sign-in/{token}" in values
    assert not values & {ANNA.agent_id, ANNA.name}
