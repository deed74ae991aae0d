"""Scene 7. Why did she get this, why not that, and what did it bring? Messaging itself answers."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.pictures import numbers_table, reasons_panel
from deploy.demo.scenes.reminder import sent_reminders
from deploy.demo.stage import Stage
from deploy.demo.views import Found, Numbers, Reasons, Sale, View

CAMPAIGN = "abandoned_cart"
GATES = {"relevant", "consent", "caps", "quiet_hours"}
NUMBERS_LIMIT_SECONDS = 20.0
SEARCH_LIMIT_SECONDS = 30.0


async def why(cast: Cast, stage: Stage, sale: Sale) -> None:
    """Play it."""
    stage.scene("7  Why, and why not", "Anna asks the agent why she was written to. Marketing asks what it brought.")
    view = await cast.call_centre.act(View, "look")
    (notice,) = sent_reminders(view)
    reasons = await cast.call_centre.act(Reasons, "explain", message_id=notice.message_id)
    stage.show(reasons_panel(reasons, title="why this reminder was sent"))
    stage.prove(
        "the reminder names every gate that it passed, with what it was decided by",
        holds=reasons.gates >= GATES and reasons.judged_in_a_trace,
        seen=reasons,
    )
    silence = await cast.call_centre.act(Reasons, "explain_silence", purpose="newsletter")
    stage.show(reasons_panel(silence, title="why no newsletter ever came"))
    stage.prove(
        "also what was never written has its reason: she did not agree to a newsletter",
        holds=silence.reason == "NO_CONSENT",
        seen=silence,
    )

    async def look() -> Numbers:
        return await cast.web_shop.act(Numbers, "campaign_numbers", campaign_id=CAMPAIGN)

    numbers = await stage.until(
        "the campaign counts what it brought: reminded by mail, paid in the store",
        look,
        lambda numbers: numbers.bought == 1 and numbers.paths == ["email > store"],
        limit_seconds=NUMBERS_LIMIT_SECONDS,
    )
    stage.show(numbers_table(numbers))
    stage.prove("its revenue is what the till took", holds=numbers.revenue == sale.total, seen=(numbers, sale.total))

    async def search() -> Found:
        return await cast.web_shop.act(Found, "journeys_from_web_to_store")

    found = await stage.until(
        "a search over all journeys finds hers: over the web shop to a purchase in a store",
        search,
        lambda found: found.journey_ids == [view.journey_id],
        limit_seconds=SEARCH_LIMIT_SECONDS,
    )
    stage.did("web-shop", f"her way: {found.ways[0]}")
