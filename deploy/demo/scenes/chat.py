"""Scene 4. The customer answers in the app; the call centre knows everything, and replies."""

from deploy.demo.cast import Cast
from deploy.demo.scenes.guest_becomes_customer import PURSE
from deploy.demo.scenes.pictures import chat_table
from deploy.demo.scenes.reminder import sent_reminders
from deploy.demo.scenes.two_channels_one_cart import SCARF
from deploy.demo.stage import Stage
from deploy.demo.views import Said, View

CARE = "CARE-01"
QUESTION = "Kann ich die Tasche heute im Laden abholen?"
ANSWER = "Gern, sie liegt bereit. Ich lege die Lederpflege dazu, wie besprochen."


async def chat(cast: Cast, stage: Stage) -> None:
    """Play it."""
    stage.scene(
        "4  Chat and call centre: she never says a thing twice",
        "Anna answers in the app, then calls. The agent has not met her before.",
    )
    await cast.mobile_app.act(View, "say", text=QUESTION)
    stage.did("mobile-app", f"Anna writes: {QUESTION}")

    agent = await cast.call_centre.act(View, "take_call", phone=cast.customer.phone)
    stage.did("call-centre", "the telephone rings; the number is Anna's")
    stage.prove(
        "the agent sees her cart", holds=(agent.quantity(PURSE), agent.quantity(SCARF)) == (2, 1), seen=agent.lines
    )
    stage.prove("the agent sees the reminder", holds=len(sent_reminders(agent)) == 1, seen=agent.notices)
    question = Said(by="customer", channel="mobile-app", text=QUESTION)
    stage.prove("the agent sees what she wrote in the app", holds=agent.said == [question], seen=agent.said)

    await cast.call_centre.act(View, "reply", text=ANSWER)
    stage.did("call-centre", f"the agent replies: {ANSWER}")
    for _ in range(2):
        await cast.call_centre.act(View, "put_into_cart", sku=CARE)
    stage.did("call-centre", "the agent puts leather care into the cart, two pieces")
    app = await cast.mobile_app.act(View, "look")
    reply = Said(by="agent", channel="call-centre", text=ANSWER)
    stage.prove(
        "she reads the reply in the app, in the same conversation", holds=app.said == [question, reply], seen=app
    )
    stage.show(chat_table(app))
