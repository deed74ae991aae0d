"""The end. One context on four channels, one journey over all of them, one trace from the till to what it caused."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.pictures import four_views_table, timeline_table, trace_tree
from deploy.demo.stage import Stage
from deploy.demo.views import Sale, Timeline, View
from services.console.spans.values import Span

QUIET_LIMIT_SECONDS = 20.0
TRACE_LIMIT_SECONDS = 20.0


async def one_view(cast: Cast, stage: Stage, sale: Sale) -> None:
    """Play it."""
    stage.scene("One customer, one thread", "What is left when all is done, read back through the product's own doors.")
    await _four_equal_contexts(cast, stage)
    await _one_journey(cast, stage, sale)
    await _one_trace(cast, stage, sale)


async def _four_equal_contexts(cast: Cast, stage: Stage) -> None:
    # What the sale caused may still be on its way into the journey: then a channel that asks later sees more.
    views = await stage.until(
        "four processes with four tokens read the same context, byte for byte",
        cast.look,
        lambda views: len({(view.etag, view.sha256) for view in views}) == 1 and not any(v.problems for v in views),
        limit_seconds=QUIET_LIMIT_SECONDS,
    )
    stage.show(four_views_table(cast, views))


async def _one_journey(cast: Cast, stage: Stage, sale: Sale) -> None:
    timeline = await cast.call_centre.act(Timeline, "timeline")
    view = await cast.call_centre.act(View, "look")
    channels = {channel.channel for channel in cast.channels}
    stage.show(timeline_table(timeline))
    stage.prove(
        "one journey runs over all four channels, in order",
        holds=timeline.journey_id == view.journey_id
        and channels <= {step.channel for step in timeline.steps}
        and channels <= set(timeline.channels)
        and timeline.steps == sorted(timeline.steps, key=lambda step: step.time),
        seen=timeline,
    )
    stage.prove(
        "it has what was viewed, changed, reminded, said and bought, each with its trace",
        holds={"product viewed", "cart changed", "cart abandoned", "message", "conversation", "order placed"}
        <= {step.kind for step in timeline.steps if step.trace_id}
        and sale.trace_id in [step.trace_id for step in timeline.steps if step.kind == "order placed"],
        seen=timeline,
    )


async def _one_trace(cast: Cast, stage: Stage, sale: Sale) -> None:
    async def look() -> list[Span]:
        return await cast.traces.trace(sale.trace_id)

    spans = await stage.until(
        "one trace leads from the till through cart and Kafka to messaging and the journey",
        look,
        _is_whole,
        limit_seconds=TRACE_LIMIT_SECONDS,
    )
    stage.show(trace_tree(spans, title=f"trace {sale.trace_id}: the sale, and what it caused"))


def _is_whole(spans: list[Span]) -> bool:
    kinds = {(span.service, span.kind) for span in spans}
    wanted = {("store-042", "client"), ("cart", "server"), ("messaging", "consumer"), ("aggregator", "consumer")}
    known = {span.span_id for span in spans}
    tops = [span for span in spans if span.parent_span_id not in known]
    return wanted <= kinds and len(tops) == 1
