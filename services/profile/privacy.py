"""Says what profile holds about a person. Nothing of it stays when they are forgotten, but hashes that name nobody."""

from libs.mongo.holdings import Holdings
from omnithread.profile.v1.profile_events_pb2 import ProfileEvent
from services.profile.erased import ERASED_IDENTIFIERS
from services.profile.segment_fields import SEGMENTS

HOLDINGS = Holdings(area="profile", event_type=ProfileEvent, of_nobody=frozenset({ERASED_IDENTIFIERS, SEGMENTS}))
