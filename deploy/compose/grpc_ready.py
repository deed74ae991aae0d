"""Asks a service's own health port whether it can answer calls; exit code 0 says yes. Compose has no probe for gRPC."""

import os
import sys

import grpc
from grpc_health.v1 import health_pb2

HEALTH_CHECK = "/grpc.health.v1.Health/Check"  # the stub of the health package has no types
TIMEOUT_SECONDS = 5.0

port = os.environ["OMNITHREAD_HEALTH_LISTEN"].rpartition(":")[2]
with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
    check = channel.unary_unary(
        HEALTH_CHECK,
        request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
        response_deserializer=health_pb2.HealthCheckResponse.FromString,
    )
    answer = check(health_pb2.HealthCheckRequest(service="readiness"), timeout=TIMEOUT_SECONDS)
sys.exit(answer.status != health_pb2.HealthCheckResponse.SERVING)
