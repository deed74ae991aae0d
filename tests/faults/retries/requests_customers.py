"""Calls about who customers are, what they wish and what they do, as they can be made by a customer of one's own."""

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message

from omnithread import cookie, email
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.context.v1 import context_service_pb2 as context_pb
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.privacy_service_pb2 import EraseCustomerRequest
from omnithread.preference.v1 import consent_service_pb2 as consent_pb
from omnithread.preference.v1 import preference_internal_service_pb2 as link_pb
from omnithread.preference.v1 import preference_service_pb2 as preference_pb
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, Preferences
from omnithread.profile.v1 import identity_service_pb2 as identity_pb
from omnithread.profile.v1 import profile_service_pb2 as profile_pb
from omnithread.profile.v1 import segment_pb2
from omnithread.profile.v1.profile_internal_service_pb2 import GetVerificationCodeRequest, GetVerificationCodeResponse
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.segment_service_pb2 import PutSegmentRequest
from tests.faults.retries.case import Case, seed
from tests.faults.retries.house import APP, STAFF, Who
from tests.faults.retries.patience import until
from tests.faults.retries.requests_messages import written_to

PROFILES, IDENTITIES = "profile.v1.ProfileService/", "profile.v1.IdentityService/"
PREFERENCES, CONSENTS = "preference.v1.PreferenceService/", "preference.v1.ConsentService/"
LINKS = "preference.v1.PreferenceInternalService/"
MESSAGING, DOOR = Who("messaging", is_service=True), Who("door", is_service=True)
GOES_ON = ("context", "problems", "cart_price", "last_touchpoint_traceparent")
"""What is looked up anew by each try of a session that begins."""
CONTEXT = "aggregator"
REST_SECONDS = 1.0
CLUB = "club"
"""A purpose of the house that needs double opt-in."""


async def started(case: Case) -> tuple[str, str]:
    """A guest who asked for a code, and for which verification."""
    customer_id = await case.guest()
    request = identity_pb.StartVerificationRequest(
        customer_id=customer_id, identifier=email(case.address(), verified=False)
    )
    answer = await case.do(f"{IDENTITIES}StartVerification", request, identity_pb.StartVerificationResponse)
    await written_to(case, customer_id)
    return customer_id, answer.verification_id


async def merged(case: Case) -> tuple[str, str]:
    """A person with whom another was merged, everywhere, and by which merge."""
    one, other = await two_people(case)
    request = identity_pb.MergeCustomersRequest(customer_id=other, other_customer_id=one, reason="One person.")
    answer = await case.do(f"{IDENTITIES}MergeCustomers", request, identity_pb.MergeCustomersResponse, STAFF)
    await done_everywhere(case, answer.profile.customer_id)
    return answer.profile.customer_id, answer.merge.merge_id


async def done_everywhere(case: Case, customer_id: str) -> None:
    """Wait until all areas have carried out a customer's merges, and undone those that were undone."""

    async def done() -> bool:
        listing = identity_pb.ListMergesRequest(customer_id=customer_id)
        listed = await case.do(f"{IDENTITIES}ListMerges", listing, identity_pb.ListMergesResponse, STAFF)
        return not any(one.pending_areas or one.unmerge_pending_areas for one in listed.merges)

    await until(done)


async def two_people(case: Case) -> tuple[str, str]:
    """Two known customers of whom the aggregator has heard: what it announces of them names their journeys."""
    one, other = await case.person("a"), await case.person("b")
    await case.house.heard(CONTEXT, "profile", one, other)
    return one, other


def consent(case: Case, customer_id: str, purpose: str) -> preference_pb.SetConsentRequest:
    """A yes for an address."""
    return preference_pb.SetConsentRequest(
        customer_id=customer_id,
        purpose=purpose,
        delivery_kind=DELIVERY_KIND_EMAIL,
        contact_point=case.address(),
        state=CONSENT_STATE_GRANTED,
        wording="May we?",
        wording_version="1",
        source="page",
    )


async def waiting(case: Case) -> tuple[str, str]:
    """Who said yes to the club, which waits for them to confirm: their id, and that of the proof."""
    customer_id = await case.person()
    request = consent(case, customer_id, CLUB)
    answer = await case.do(f"{PREFERENCES}SetConsent", request, preference_pb.SetConsentResponse, APP)
    await written_to(case, customer_id)
    return customer_id, answer.record_id


@seed(f"{PROFILES}Identify")
async def identify(case: Case) -> Message:
    await case.guest()
    known_by = [cookie(f"visitor-{case.key}"), email(case.address(), verified=True)]
    return profile_pb.IdentifyRequest(identifiers=known_by, given_name="Anna")


@seed(f"{PROFILES}UpdateProfile")
async def update_profile(case: Case) -> Message:
    changed = Profile(customer_id=await case.person(), given_name="Berta")
    return profile_pb.UpdateProfileRequest(profile=changed, update_mask=FieldMask(paths=["given_name"]))


@seed(f"{IDENTITIES}StartVerification")
async def start_verification(case: Case) -> Message:
    return identity_pb.StartVerificationRequest(
        customer_id=await case.guest(), identifier=email(case.address(), verified=False)
    )


@seed(f"{IDENTITIES}VerifyIdentifier")
async def verify_identifier(case: Case) -> Message:
    customer_id, verification_id = await started(case)
    asked = GetVerificationCodeRequest(customer_id=customer_id, verification_id=verification_id)
    told = await case.do(
        "profile.v1.ProfileInternalService/GetVerificationCode", asked, GetVerificationCodeResponse, MESSAGING
    )
    return identity_pb.VerifyIdentifierRequest(customer_id=customer_id, verification_id=verification_id, code=told.code)


@seed(f"{IDENTITIES}MergeCustomers", STAFF)
async def merge_customers(case: Case) -> Message:
    one, other = await two_people(case)
    return identity_pb.MergeCustomersRequest(customer_id=other, other_customer_id=one, reason="One person.")


@seed(f"{IDENTITIES}UnmergeCustomers", STAFF, goes_on=("merge", "survivor", "restored", "head"))
async def unmerge_customers(case: Case) -> Message:
    customer_id, merge_id = await merged(case)
    return identity_pb.UnmergeCustomersRequest(customer_id=customer_id, merge_id=merge_id, reason="Two people.")


@seed("profile.v1.SegmentService/PutSegment")
async def put_segment(case: Case) -> Message:
    condition = segment_pb2.SegmentCondition(
        field="trait.tier", operator=segment_pb2.SEGMENT_OPERATOR_EQUAL, string_value="gold"
    )
    group = segment_pb2.SegmentGroup(any_of=[condition])
    return PutSegmentRequest(segment=segment_pb2.Segment(segment_id=f"gold-{case.key}", all_of=[group]))


@seed(f"{PREFERENCES}UpdatePreferences", APP)
async def update_preferences(case: Case) -> Message:
    wished = Preferences(customer_id=await case.guest(), language="de", time_zone="Europe/Zurich")
    return preference_pb.UpdatePreferencesRequest(
        preferences=wished, update_mask=FieldMask(paths=["language", "time_zone"])
    )


@seed(f"{PREFERENCES}SetConsent", APP)
async def set_consent(case: Case) -> Message:
    return consent(case, await case.person(), "cart_reminder")


@seed(f"{CONSENTS}ConfirmConsent", APP)
async def confirm_consent(case: Case) -> Message:
    customer_id, record_id = await waiting(case)
    events = await case.do(
        f"{LINKS}ReplayEvents",
        link_pb.ReplayEventsRequest(customer_id=customer_id),
        link_pb.ReplayEventsResponse,
        Who("aggregator", is_service=True),
    )
    asked = [event.consent_confirmation_requested.confirmation_id for event in events.events]
    confirmation = link_pb.GetConfirmationRequest(customer_id=customer_id, confirmation_id=max(asked))
    told = await case.do(f"{LINKS}GetConfirmation", confirmation, link_pb.GetConfirmationResponse, MESSAGING)
    return consent_pb.ConfirmConsentRequest(customer_id=customer_id, record_id=record_id, code=told.code)


@seed(f"{CONSENTS}ResendConfirmation", APP)
async def resend_confirmation(case: Case) -> Message:
    customer_id, record_id = await waiting(case)
    return consent_pb.ResendConfirmationRequest(customer_id=customer_id, record_id=record_id)


@seed(f"{LINKS}UseLink", DOOR)
async def use_link(case: Case) -> Message:
    customer_id = await case.person()
    said = consent(case, customer_id, "cart_reminder")
    await case.do(f"{PREFERENCES}SetConsent", said, preference_pb.SetConsentResponse, APP)
    asked = link_pb.CreateMessageLinksRequest(
        customer_id=customer_id,
        purpose="cart_reminder",
        delivery_kind=DELIVERY_KIND_EMAIL,
        contact_point=case.address(),
        message_id="msg_1",
    )
    links = await case.do(f"{LINKS}CreateMessageLinks", asked, link_pb.CreateMessageLinksResponse, MESSAGING)
    return link_pb.UseLinkRequest(
        token=links.unsubscribe_link.rpartition("/")[2],
        unsubscribe=link_pb.UnsubscribeAction(scope=link_pb.UNSUBSCRIBE_SCOPE_THIS),
        wording="No more",
        wording_version="3",
        source="public page",
    )


@seed(
    "context.v1.ContextService/StartSession",
    goes_on=("context", "problems", "cart_price", "last_touchpoint_traceparent", "token"),
)
async def start_session(case: Case) -> Message:
    await case.guest()
    known_by = [cookie(f"visitor-{case.key}"), email(case.address(), verified=True)]
    return context_pb.StartSessionRequest(identifiers=known_by, session_id=f"ses-{case.key}")


@seed("context.v1.ContextService/RecordTouchpoint", goes_on=("head",))
async def record_touchpoint(case: Case) -> Message:
    return context_pb.RecordTouchpointRequest(
        customer_id=await case.guest(), kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=f"shoe-{case.key}"
    )


@seed("context.v1.PrivacyService/EraseCustomer", STAFF, goes_on=("erasure",))
async def erase_customer(case: Case) -> Message:
    customer_id = await case.person()
    # What was heard of a customer before is counted in the receipts.
    await case.house.heard(CONTEXT, "profile", customer_id)
    await case.house.looking.at_rest([case], owner=CONTEXT, quiet_seconds=REST_SECONDS)
    return EraseCustomerRequest(customer_id=customer_id, reason="requested-by-customer")
