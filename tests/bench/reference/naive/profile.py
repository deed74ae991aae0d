"""The profile service, as it is usually written."""

import structlog
from motor.motor_asyncio import AsyncIOMotorDatabase

from omnithread.profile.v1 import profile_pb2, profile_service_pb2
from omnithread.profile.v1.profile_service_pb2_grpc import ProfileServiceServicer
from tests.bench.reference.naive.words import Record, channel, head, timestamp

log = structlog.get_logger("profile")


class NaiveProfile(ProfileServiceServicer):
    """Answers one question."""

    def __init__(self, database: AsyncIOMotorDatabase[Record]) -> None:
        self._records = database["records"]

    async def GetProfile(  # noqa: N802  the contract's name
        self, request: profile_service_pb2.GetProfileRequest, _context: object
    ) -> profile_service_pb2.GetProfileResponse:
        record = await self._records.find_one({"_id": request.customer_id})
        if record is None:
            raise LookupError(request.customer_id)
        log.info("get_profile", customer_id=request.customer_id, version=record["version"])
        return profile_service_pb2.GetProfileResponse(profile=profile_of(record), head=head(record))


def profile_of(record: Record) -> profile_pb2.Profile:
    """Convert a record."""
    identifiers = [
        profile_pb2.Identifier(
            kind=profile_pb2.IdentifierKind.Value(f"IDENTIFIER_KIND_{one['kind'].upper()}"),
            value=one["value"],
            verified=one["verified"],
        )
        for one in record["identifiers"]
    ]
    return profile_pb2.Profile(
        customer_id=record["_id"],
        kind=profile_pb2.CUSTOMER_KIND_KNOWN,
        identifiers=sorted(identifiers, key=lambda one: (one.kind, one.value)),
        given_name=record["given_name"],
        family_name=record["family_name"],
        traits=[
            profile_pb2.Trait(
                name=one["name"],
                string_value=str(one["value"]),
                channel=channel(one["channel"]),
                update_time=timestamp(one["update_time"]),
                source=one["source"],
            )
            for one in record["traits"]
        ],
        create_time=timestamp(record["create_time"]),
        update_time=timestamp(record["update_time"]),
        version=record["version"],
        etag=str(record["version"]),
    )
