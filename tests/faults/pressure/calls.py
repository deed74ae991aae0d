"""The calls to preference that a load is made of, ready to be sent."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from google.protobuf.timestamp_pb2 import Timestamp

from omnithread import new_request_id
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from omnithread.preference.v1.consent_service_pb2 import VerifyConsentChainRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_REVOKED
from omnithread.preference.v1.preference_service_pb2 import (
    GetPreferencesRequest,
    SetConsentRequest,
)
from tests.faults.pressure.plan import OPT_OUT, READ

SERVICE = "/omnithread.preference.v1.PreferenceService"
PURPOSE = "reminder"


def issue_time() -> Timestamp:
    """Give the time of a command that is issued now."""
    now = Timestamp()
    now.FromDatetime(datetime.now(UTC))
    return now


class Calls:
    """Draws calls of each kind in the shares that the mix says."""

    def __init__(self, *, customers: Sequence[str], mix: Mapping[str, float], seed: int) -> None:
        self._customers = customers
        self._kinds, self._weights = list(mix), list(mix.values())
        self._random = random.Random(seed)

    def next(self) -> tuple[str, str, bytes]:
        """Give the kind, the method's path and the request."""
        [kind] = self._random.choices(self._kinds, self._weights)
        customer_id = self._random.choice(self._customers)
        if kind == READ:
            return kind, f"{SERVICE}/GetPreferences", GetPreferencesRequest(customer_id=customer_id).SerializeToString()
        if kind == OPT_OUT:
            withdrawal = SetConsentRequest(
                customer_id=customer_id,
                purpose=PURPOSE,
                delivery_kind=DELIVERY_KIND_EMAIL,
                state=CONSENT_STATE_REVOKED,
                wording="Bitte keine Erinnerungen mehr.",
                wording_version="1",
                source="load",
                request_id=new_request_id(),
                issue_time=issue_time(),
            )
            return kind, f"{SERVICE}/SetConsent", withdrawal.SerializeToString()
        proof = VerifyConsentChainRequest(customer_id=customer_id)
        return kind, "/omnithread.preference.v1.ConsentService/VerifyConsentChain", proof.SerializeToString()
