"""What only those may see who have the scope for it is left out wherever it stands, and named as withheld."""

from google.type.postal_address_pb2 import PostalAddress

from libs.rpc.call import Caller
from libs.sensitive import may_see, withhold
from omnithread.preference.v1.preference_pb2 import Consent, ConsentRecord, Preferences
from omnithread.preference.v1.preference_service_pb2 import ListConsentRecordsResponse
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1.profile_service_pb2 import BatchGetProfilesResponse, BatchProfile, SetAsideIdentifier

MAIL = profile_pb2.Identifier(kind=profile_pb2.IDENTIFIER_KIND_EMAIL, value="anna@example.com", verified=True)
ANNA = profile_pb2.Profile(
    customer_id="cus_1",
    kind=profile_pb2.CUSTOMER_KIND_KNOWN,
    identifiers=[MAIL],
    given_name="Anna",
    family_name="Muster",
    postal_address=PostalAddress(address_lines=["Lane 1"]),
    traits=[profile_pb2.Trait(name="birth_date", string_value="1980-02-01")],
    merges=[profile_pb2.Merge(merge_id="m", evidence=[MAIL])],
    segments=[profile_pb2.SegmentMembership(segment_id="gold")],
    version=7,
)
PERSONAL = ("anna@", "Anna", "Muster", "Lane 1", "1980")


def test_a_profile_keeps_what_it_is_and_loses_what_leads_to_the_person() -> None:
    answer = BatchGetProfilesResponse(profiles=[BatchProfile(requested_customer_id="cus_1", profile=ANNA)])
    withhold(answer)
    profile = answer.profiles[0].profile
    assert [word for word in PERSONAL if word in str(answer)] == []
    assert list(profile.withheld_fields) == [
        "family_name",
        "given_name",
        "identifiers.value",
        "postal_address",
        "traits",
    ]
    assert (profile.version, profile.kind, profile.segments[0].segment_id) == (7, ANNA.kind, "gold")
    assert [(one.kind, one.value, one.verified) for one in profile.identifiers] == [(MAIL.kind, "", True)]
    assert profile.merges[0].merge_id == "m"


def test_to_withhold_twice_is_to_withhold_once() -> None:
    once, twice = profile_pb2.Profile(), profile_pb2.Profile()
    for copy in (once, twice):
        copy.CopyFrom(ANNA)
        withhold(copy)
    withhold(twice)
    assert once == twice


def test_what_is_not_there_is_not_named() -> None:
    nobody = profile_pb2.Profile(customer_id="cus_2")
    withhold(nobody)
    assert list(nobody.withheld_fields) == []


def test_consents_are_shown_without_the_address_they_are_for() -> None:
    consents = [Consent(purpose="newsletter", contact_point="anna@example.com"), Consent(purpose="order")]
    preferences = Preferences(customer_id="cus_1", consents=consents)
    withhold(preferences)
    assert [(one.purpose, one.contact_point) for one in preferences.consents] == [("newsletter", ""), ("order", "")]
    assert list(preferences.withheld_fields) == ["consents.contact_point"]
    proofs = ListConsentRecordsResponse(records=[ConsentRecord(record_id="r", contact_point="anna@example.com")])
    withhold(proofs)
    assert proofs.records[0] == ConsentRecord(record_id="r", withheld_fields=["contact_point"])
    for_all = ConsentRecord(record_id="r")
    withhold(for_all)
    assert for_all == ConsentRecord(record_id="r")


def test_what_the_caller_has_just_told_is_told_back() -> None:
    told = SetAsideIdentifier(identifier=MAIL)
    withhold(told)
    assert told.identifier.value == "anna@example.com"


def test_services_see_all_and_channels_what_their_token_says() -> None:
    assert may_see(Caller(channel_id="web-shop", channel_kind=1, scopes=frozenset({"profile:sensitive"})))
    assert not may_see(Caller(channel_id="web-shop", channel_kind=1, scopes=frozenset({"profile:read"})))
    assert may_see(Caller(channel_id="aggregator", channel_kind=9, service="aggregator"))
