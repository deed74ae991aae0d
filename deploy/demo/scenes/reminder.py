"""Scene 3. The cart idles, and a reminder goes out as the customer wishes."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.pictures import mail_panel
from deploy.demo.stage import Stage
from deploy.demo.views import Letter, Notice, View

REMINDER = "cart_reminder"
MAIL_LIMIT_SECONDS = 40.0


def sent_reminders(view: View) -> list[Notice]:
    """Give the reminders that went out."""
    return [notice for notice in view.notices if notice.purpose == REMINDER and notice.state == "sent"]


async def reminder(cast: Cast, stage: Stage) -> None:
    """Play it."""
    anna = cast.customer
    stage.scene(
        "3  The cart idles: a reminder, where and how she likes it",
        "Anna puts the telephone away. (Carts count as left after seconds here; a shop would say hours.)",
    )

    async def look() -> View:
        return await cast.mobile_app.act(View, "look")

    view = await stage.until(
        "a reminder is sent by e-mail, the way that she prefers and agreed to",
        look,
        lambda view: [notice.way for notice in sent_reminders(view)] == ["email"],
        limit_seconds=MAIL_LIMIT_SECONDS,
    )
    (mail,) = cast.mailbox.mails(recipient=anna.email)
    stage.show(mail_panel(mail))
    (notice,) = sent_reminders(view)
    letter = await cast.mobile_app.act(Letter, "read", message_id=notice.message_id)
    body = mail.get_body(("plain",))
    text = body.get_content() if body is not None else ""
    stage.prove(
        "it is in German, her language, and speaks of her cart",
        holds=letter.language == "de"
        and mail["Subject"] == letter.subject
        and all(words in text for words in (anna.given_name, "Handtasche Marlene", "Seidenschal Isar")),
        seen=(letter, text),
    )
    stage.prove("it was sent once", holds=len(sent_reminders(view)) == 1, seen=view.notices)
