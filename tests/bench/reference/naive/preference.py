"""The preference service, as it is usually written."""

import structlog
from motor.motor_asyncio import AsyncIOMotorDatabase

from omnithread.preference.v1 import preference_pb2, preference_service_pb2
from omnithread.preference.v1.preference_service_pb2_grpc import PreferenceServiceServicer
from tests.bench.reference.naive.words import Record, channel, head, timestamp

log = structlog.get_logger("preference")


class NaivePreference(PreferenceServiceServicer):
    """Answers one question."""

    def __init__(self, database: AsyncIOMotorDatabase[Record]) -> None:
        self._records = database["records"]

    async def GetPreferences(  # noqa: N802  the contract's name
        self, request: preference_service_pb2.GetPreferencesRequest, _context: object
    ) -> preference_service_pb2.GetPreferencesResponse:
        record = await self._records.find_one({"_id": request.customer_id})
        if record is None:
            raise LookupError(request.customer_id)
        log.info("get_preferences", customer_id=request.customer_id, version=record["version"])
        return preference_service_pb2.GetPreferencesResponse(preferences=preferences_of(record), head=head(record))


def preferences_of(record: Record) -> preference_pb2.Preferences:
    """Convert a record."""
    return preference_pb2.Preferences(
        customer_id=record["_id"],
        language=record["language"],
        time_zone=record["time_zone"],
        preferred_channels=record["preferred_channels"],
        pauses=[
            preference_pb2.Pause(purpose=one["purpose"], until_time=timestamp(one["until_time"]))
            for one in record["pauses"]
        ],
        interests=record["interests"],
        consents=[
            preference_pb2.Consent(
                purpose=one["purpose"],
                delivery_kind=one["delivery_kind"],
                contact_point=one["contact_point"],
                state=one["state"],
                update_time=timestamp(one["update_time"]),
                channel=channel(one["channel"]),
                record_id=one["record_id"],
            )
            for one in record["consents"]
        ],
        update_time=timestamp(record["preferences_update_time"]),
        version=record["version"],
        etag=str(record["version"]),
    )
