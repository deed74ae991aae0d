"""Tables, a letter, a tree: how the audience sees what was read back."""

from collections.abc import Sequence
from email.message import EmailMessage

from rich import box
from rich.panel import Panel
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from deploy.demo.cast import Cast
from deploy.demo.stage import channel_text
from deploy.demo.views import LoginTold, Numbers, Reasons, Timeline, View
from services.console.spans.tree import rows
from services.console.spans.values import Span

SHOWN_SHA_CHARACTERS = 16


def cart_table(view: View, *, title: str) -> Table:
    """Draw a cart."""
    table = _table("article", "pieces", "sum", "added on", title=title)
    for line in view.lines:
        table.add_row(line.name, str(line.quantity), line.total, channel_text(line.added_on))
    table.add_row("", "", Text(view.subtotal, style="bold"), "")
    return table


def prices_table(view: View) -> Table:
    """Draw what a cart costs on each channel."""
    table = _table("channel", "to pay", "offers that count there", title="what the cart costs")
    for price in view.prices:
        table.add_row(channel_text(price.channel), price.total, ", ".join(price.offers))
    return table


def login_table(told: LoginTold) -> Table:
    """Draw what a login did with all that the guest had."""
    table = _table("kept by", "what", "became of it", "why", title="what the login did")
    for outcome in told.outcomes:
        table.add_row(outcome.area, outcome.thing, outcome.action, outcome.why)
    return table


def mail_panel(mail: EmailMessage) -> Panel:
    """Draw a mail as it arrived."""
    body = mail.get_body(("plain",))
    text = body.get_content().strip() if body is not None else ""
    head = f"From: {mail['From']}\nTo: {mail['To']}\nSubject: {mail['Subject']}\n"
    return Panel(Text.assemble((head, "bold"), "\n", text), title="the mail that arrived", width=84, padding=(1, 2))


def chat_table(view: View) -> Table:
    """Draw what was said."""
    table = _table("who", "where", "what", title="the conversation")
    for said in view.said:
        table.add_row(said.by, channel_text(said.channel), said.text)
    return table


def notices_table(view: View) -> Table:
    """Draw what the company sent and did not send."""
    table = _table("message", "by", "state", "why", title="messages to the customer")
    for notice in view.notices:
        table.add_row(notice.purpose, "" if notice.way == "unspecified" else notice.way, notice.state, notice.reason)
    return table


def reasons_panel(reasons: Reasons, *, title: str) -> Panel:
    """Draw an explanation in its own words."""
    sentences = list(reasons.words)
    if reasons.gates:
        sentences.append(f"Gates that it passed: {', '.join(sorted(reasons.gates))}.")
    return Panel("\n".join(f"- {sentence}" for sentence in sentences), title=title, width=110, padding=(1, 2))


def numbers_table(numbers: Numbers) -> Table:
    """Draw what a campaign brought."""
    table = _table("entered", "sent", "bought", "revenue", "paths", title="what the campaign brought")
    table.add_row(
        str(numbers.entered), str(numbers.sent), str(numbers.bought), numbers.revenue, ", ".join(numbers.paths)
    )
    return table


def four_views_table(cast: Cast, views: Sequence[View]) -> Table:
    """Draw what each channel reads of the one context."""
    table = _table("channel", "customer", "cart", "orders", "messages", "said", "bytes", "sha256")
    for channel, view in zip(cast.channels, views, strict=True):
        table.add_row(
            channel_text(channel.channel),
            view.name,
            f"{len(view.lines)} lines",
            str(len(view.orders)),
            str(len(view.notices)),
            str(len(view.said)),
            str(view.size_bytes),
            view.sha256[:SHOWN_SHA_CHARACTERS] + "…",
        )
    return table


def timeline_table(timeline: Timeline) -> Table:
    """Draw a journey, oldest first."""
    table = _table("time (UTC)", "channel", "what", "", title=f"journey {timeline.journey_id}")
    for step in timeline.steps:
        table.add_row(
            step.time.strftime("%H:%M:%S.%f")[:-3],
            channel_text(step.channel),
            Text(step.kind, style="" if step.by_customer else "bright_black"),
            Text(step.summary, style="bright_black"),
        )
    return table


def trace_tree(spans: Sequence[Span], *, title: str) -> Tree:
    """Draw a trace: what caused stands above what it caused."""
    tree = Tree(Text(title, style="bold"), guide_style="bright_black")
    branches: list[Tree] = [tree]
    for row in rows(spans):
        del branches[row.depth + 1 :]
        branches.append(branches[-1].add(_span_text(row.span)))
    return tree


def _span_text(span: Span) -> Text:
    style = {"server": "bold green", "consumer": "bold yellow", "producer": "yellow"}.get(span.kind, "")
    took = f"  {(span.end_ns - span.start_ns) / 1e6:.1f} ms"
    return Text.assemble(channel_text(span.service), " ", (_label(span), style), (took, "bright_black"))


def _label(span: Span) -> str:
    """Say it shorter than the span's name does, which has packages, databases and topics in full."""
    if span.attributes.get("rpc.system.name") == "grpc":
        arrow = "→" if span.kind == "client" else "answers"
        return f"{arrow} {span.name.rpartition('.')[2]}"
    if "db.system.name" in span.attributes:
        return f"MongoDB {span.name}"
    if span.kind in ("producer", "consumer"):
        verb, _, topic = span.name.partition(" ")
        area = topic.partition("omnithread.")[2].partition(".")[0]
        return f"Kafka {verb} {area} events"
    return span.name


def _table(*columns: str, title: str = "") -> Table:
    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, title_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column)
    return table
