"""All five migrations in one process, which imports once what five would import five times.

Run as `python -m deploy.local.migrate profile=DATABASE cart=DATABASE ...`; everything else is in the environment, the
same for all. It ends with 1 where one of them failed, after the others, and says which.
"""

import asyncio
import sys
from collections.abc import Mapping
from typing import Any

import structlog

from libs.process import FAULTS_AT_START, migrate, settings_of
from libs.service import Service
from libs.telemetry.logs import set_up_logs
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE

ALL: tuple[Service[Any], ...] = (PROFILE, CART, PREFERENCE, MESSAGING, AGGREGATOR)  # each with settings of its own


async def migrate_all(databases: Mapping[str, str]) -> list[str]:
    """Migrate every service that has a database, all at once; give what went wrong, a line for each."""
    services = [service for service in ALL if service.name in databases]
    outcomes = await asyncio.gather(
        *(_migrate(service, databases[service.name]) for service in services), return_exceptions=True
    )
    faults = []
    for service, outcome in zip(services, outcomes, strict=True):
        if isinstance(outcome, FAULTS_AT_START):
            structlog.get_logger(__name__).error("ended_by_a_fault", migrating=service.name, exc_info=outcome)
            faults.append(f"migrate {service.name} ended: {outcome}")
        elif outcome is not None:
            raise outcome
    return faults


async def _migrate(service: Service[Any], database: str) -> None:
    await migrate(service, settings_of(service).model_copy(update={"mongo_database": database}))


if __name__ == "__main__":
    set_up_logs(service="migrate", level="info")
    told = dict(word.split("=", 1) for word in sys.argv[1:])
    sys.exit("\n".join(asyncio.run(migrate_all(told))) or 0)
