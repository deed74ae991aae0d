"""Puts the audit log of one service together."""

from dataclasses import dataclass
from functools import partial

from prometheus_client import CollectorRegistry

from libs.audit.calls import CallAudit
from libs.audit.metrics import AuditMetrics
from libs.audit.notebook import Notebook
from libs.audit.servicer import AuditLogServicer
from libs.audit.store import AuditLog
from libs.audit.writing import AuditWriter
from libs.clock import Clock
from libs.mongo.connection import Database
from libs.rpc.server import Registration
from omnithread.common.v1.audit_service_pb2_grpc import add_AuditLogServiceServicer_to_server


@dataclass(frozen=True, slots=True)
class AuditParts:
    """What notes, what writes, and what answers."""

    calls: CallAudit
    writer: AuditWriter
    registration: Registration


def audit_parts(database: Database, *, clock: Clock, registry: CollectorRegistry) -> AuditParts:
    """Wire them."""
    metrics, log = AuditMetrics(registry), AuditLog(database)
    notebook = Notebook(clock, dropped=metrics.dropped.inc)
    return AuditParts(
        calls=CallAudit(notebook),
        writer=AuditWriter(notebook, log),
        registration=partial(add_AuditLogServiceServicer_to_server, AuditLogServicer(log)),
    )
