"""Says what is wrong with a campaign's text, place by place. Pure.

Steps lead only to steps further down the list. So there is no way round in circles, and each step is taken at most
once: a campaign of 30 steps ends after 30 at the latest.
"""

from collections.abc import Collection, Iterator, Mapping
from datetime import UTC, datetime

from libs.errors import FieldFault
from services.messaging.campaigns.definition import (
    ArmTest,
    Audience,
    Branch,
    CartAtLeast,
    Case,
    Condition,
    Definition,
    Exit,
    ExitCondition,
    HasConsent,
    MessageTest,
    Reentry,
    Send,
    Step,
)
from services.messaging.campaigns.price_texts import VARIABLE_NAMES
from services.messaging.campaigns.values import CONTROL, TriggerKind
from services.messaging.values import DeliveryKind

MAX_SENDS = 10
FIRST_DATE = datetime(2000, 1, 1, tzinfo=UTC)
LAST_DATE = datetime(3000, 1, 1, tzinfo=UTC)
"""A way through a campaign that begins later would end beyond what a calendar has."""
AUDIENCE_VARIABLES = frozenset({"audience_id", "change"})
ABOUT_ORDERS = frozenset({"order_id"})
TOLD_BY: Mapping[TriggerKind, frozenset[str]] = {
    TriggerKind.PRODUCT_VIEWED: frozenset({"sku"}),
    TriggerKind.PRICE_FELL: frozenset(VARIABLE_NAMES),
    TriggerKind.ORDER_PLACED: ABOUT_ORDERS,
    TriggerKind.ORDER_PICKED_UP: ABOUT_ORDERS,
    TriggerKind.ORDER_DELIVERED: ABOUT_ORDERS,
}
"""What a text can tell of each trigger."""
SEGMENT_KINDS = frozenset({TriggerKind.SEGMENT_ENTERED, TriggerKind.DATE})


def faults_of(definition: Definition, *, purposes: Collection[str]) -> tuple[FieldFault, ...]:
    """Give all faults, each with its place below `definition`."""
    return (
        *_of_frame(definition, purposes),
        *_of_names(definition),
        *_of_steps(definition),
        *_of_ways(definition),
        *_of_reach(definition),
    )


def template_faults(definition: Definition, known: Mapping[str, frozenset[str]]) -> tuple[FieldFault, ...]:
    """Give the steps whose templates are not there, or need what nobody tells them: what activation refuses.

    `known` has the templates that were put, with the variables that each needs.
    """
    return tuple(_of_templates(definition, known))


def _of_templates(definition: Definition, known: Mapping[str, frozenset[str]]) -> Iterator[FieldFault]:
    told = TOLD_BY.get(definition.trigger_kind, frozenset())
    for place, template_id in templates_of(definition):
        if template_id and template_id not in known:
            yield FieldFault(field=place, description=f"no template `{template_id}` was put")
            continue
        also = AUDIENCE_VARIABLES if ".audience." in place else frozenset()
        for name in sorted(known.get(template_id, frozenset()) - told - also):
            yield FieldFault(field=place, description=f"its variable `{name}` is not told by this trigger")


def templates_of(definition: Definition) -> Iterator[tuple[str, str]]:
    """Give the templates that its steps send, with the places."""
    for index, step in enumerate(definition.steps):
        match step.action:
            case Send():
                yield f"definition.steps[{index}].send.template_id", definition.template_of(step.action)
            case Audience(template_id=template_id):
                yield f"definition.steps[{index}].audience.template_id", template_id


def _of_frame(definition: Definition, purposes: Collection[str]) -> Iterator[FieldFault]:
    if definition.purpose not in purposes:
        yield _fault("purpose", "not one of the configured purposes")
    by_segment = definition.trigger_kind in SEGMENT_KINDS
    if by_segment and not definition.segment_id:
        yield _fault("trigger.segment_id", "needed for this trigger")
    if not by_segment and definition.segment_id:
        yield _fault("trigger.segment_id", "not for this trigger: use a condition")
    is_date = definition.trigger_kind is TriggerKind.DATE
    if is_date != (definition.date_time is not None):
        yield _fault("trigger.date_time", "needed for DATE, and for nothing else")
    if definition.date_time is not None and not FIRST_DATE <= definition.date_time < LAST_DATE:
        yield _fault("trigger.date_time", f"not within the years {FIRST_DATE.year} to {LAST_DATE.year - 1}")
    after_days = definition.reentry is Reentry.AFTER_DAYS
    if after_days != bool(definition.reentry_days):
        yield _fault("reentry_days", "needed for AFTER_DAYS, and for nothing else")
    if ExitCondition.SEGMENT_LEFT in definition.exit_on and not by_segment:
        yield _fault("exit_on", "SEGMENT_LEFT is for triggers with a segment")
    if ExitCondition.CART_CHANGED in definition.exit_on and definition.trigger_kind is not TriggerKind.CART_ABANDONED:
        yield _fault("exit_on", "CART_CHANGED is for CART_ABANDONED")
    for index, condition in enumerate(definition.conditions):
        yield from _of_condition(f"conditions[{index}]", condition)


def _of_names(definition: Definition) -> Iterator[FieldFault]:
    seen: set[str] = set()
    for index, step in enumerate(definition.steps):
        if step.step_id in seen:
            yield _fault(f"steps[{index}].step_id", "given twice")
        seen.add(step.step_id)
    arms: set[str] = set()
    for index, arm in enumerate(definition.arms):
        if arm.name in arms or arm.name == CONTROL:
            yield _fault(f"arms[{index}].name", "given twice, or `control`")
        arms.add(arm.name)
    kinds: set[DeliveryKind] = set()
    for index, way in enumerate(definition.ways):
        if way.kind in kinds:
            yield _fault(f"ways[{index}].delivery_kind", "given twice")
        kinds.add(way.kind)


def _of_steps(definition: Definition) -> Iterator[FieldFault]:
    places = {step.step_id: index for index, step in enumerate(definition.steps)}
    sends = 0
    for index, step in enumerate(definition.steps):
        if step.next_step_id:
            yield from _of_goal(f"steps[{index}].next_step_id", step.next_step_id, index, places)
        match step.action:
            case Branch(cases):
                for number, case in enumerate(cases):
                    yield from _of_case(definition, f"steps[{index}].branch.cases[{number}]", case, index, places)
            case Send():
                sends += 1
                if not definition.template_of(step.action):
                    yield _fault(
                        f"steps[{index}].send.template_id", "neither the step, its way nor the campaign has one"
                    )
            case Audience():
                sends += 1
            case Exit() if step.next_step_id:
                yield _fault(f"steps[{index}].next_step_id", "nothing comes after an exit")
            case _:
                pass
    if sends > MAX_SENDS:
        yield _fault("steps", f"{sends} of them send; at most {MAX_SENDS} may")


def _of_case(
    definition: Definition, place: str, case: Case, index: int, places: dict[str, int]
) -> Iterator[FieldFault]:
    yield from _of_goal(f"{place}.step_id", case.step_id, index, places)
    match case.test:
        case MessageTest(step_id=step_id):
            asked = definition.step(step_id)
            if asked is None or places[step_id] >= index or not isinstance(asked.action, Send | Audience):
                yield _fault(f"{place}.message.step_id", "not an earlier step that sends")
        case ArmTest(arm):
            if arm not in {one.name for one in definition.arms}:
                yield _fault(f"{place}.arm", "not one of the arms")
        case Condition():
            yield from _of_condition(f"{place}.condition", case.test)


def _of_goal(place: str, goal: str, index: int, places: dict[str, int]) -> Iterator[FieldFault]:
    if places.get(goal, -1) <= index:
        yield _fault(place, "not a step further down the list")


def _of_condition(place: str, condition: Condition) -> Iterator[FieldFault]:
    match condition.fact:
        case CartAtLeast(currency_code, nanos):
            if len(currency_code) != 3 or not currency_code.isalpha() or nanos < 0:
                yield _fault(f"{place}.cart_at_least", "needs a currency of three letters, and no negative sum")
        case HasConsent(DeliveryKind.WEBHOOK):
            yield _fault(f"{place}.consent.delivery_kind", "nobody consents to a webhook")
        case _:
            pass


def _of_ways(definition: Definition) -> Iterator[FieldFault]:
    """Refuse settings by way that would not count, since a step leaves open which way it takes."""
    own = {way.kind for way in definition.ways}
    for index, step in enumerate(definition.steps):
        match step.action:
            case Send(kinds=kinds) if len(kinds) > 1 and own.intersection(kinds):
                yield _fault(
                    f"steps[{index}].send.delivery_kinds", "several ways, of which one has settings of its own"
                )
            case _:
                pass


def _of_reach(definition: Definition) -> Iterator[FieldFault]:
    if not definition.steps or len({step.step_id for step in definition.steps}) < len(definition.steps):
        return
    reached = {definition.steps[0].step_id}
    for index, step in enumerate(definition.steps):  # all ways lead down, so one pass sees them all
        if step.step_id in reached:
            reached.update(_goals(definition, step))
        else:
            yield _fault(f"steps[{index}].step_id", "no way leads to it")


def _goals(definition: Definition, step: Step) -> Iterator[str]:
    if isinstance(step.action, Exit):
        return
    yield definition.after(step)
    if isinstance(step.action, Branch):
        yield from (case.step_id for case in step.action.cases)


def _fault(place: str, description: str) -> FieldFault:
    return FieldFault(field=f"definition.{place}", description=description)
