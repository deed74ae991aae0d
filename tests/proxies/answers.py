"""What a MongoDB server answers where it cannot, or does not know whether it could. Pure."""

from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from tests.proxies.wire import Command

Reply: TypeAlias = Mapping[str, Any]
Answer: TypeAlias = Callable[[Command, Reply], Reply]
"""Makes the reply from the command and the server's own reply, which is empty where the server was not asked."""

RETRYABLE = ["RetryableWriteError"]


def failed(code: int, name: str, labels: tuple[str, ...] = ()) -> Answer:
    """Say that the command as a whole failed."""

    def answer(_command: Command, _reply: Reply) -> Reply:
        labelled = {"errorLabels": list(labels)} if labels else {}
        return {"ok": 0.0, "errmsg": f"made up by a test: {name}", "code": code, "codeName": name, **labelled}

    return answer


def write_failed(code: int, name: str, **more: object) -> Answer:
    """Say that the first document of a write was refused."""

    def answer(_command: Command, _reply: Reply) -> Reply:
        fault = {"index": 0, "code": code, "errmsg": f"made up by a test: {name}", **more}
        return {"ok": 1.0, "n": 0, "nModified": 0, "writeErrors": [fault]}

    return answer


def not_replicated(code: int, name: str) -> Answer:
    """Say what the server said, and that a majority was not heard of."""

    def answer(_command: Command, reply: Reply) -> Reply:
        fault = {"code": code, "codeName": name, "errmsg": f"made up by a test: {name}"}
        return {**(reply or {"ok": 1.0, "n": 0}), "writeConcernError": fault}

    return answer


NOT_WRITABLE_PRIMARY = failed(10107, "NotWritablePrimary", ("RetryableWriteError",))
PRIMARY_STEPPED_DOWN = failed(189, "PrimarySteppedDown", ("RetryableWriteError",))
INTERRUPTED_BY_STEP_DOWN = failed(11602, "InterruptedDueToReplStateChange", ("RetryableWriteError",))
SHUTDOWN_IN_PROGRESS = failed(91, "ShutdownInProgress", ("RetryableWriteError",))
INTERRUPTED_AT_SHUTDOWN = failed(11600, "InterruptedAtShutdown", ("RetryableWriteError",))
MAX_TIME_EXPIRED = failed(50, "MaxTimeMSExpired")
WRITE_CONFLICT = failed(112, "WriteConflict", ("TransientTransactionError",))
HOST_UNREACHABLE = failed(6, "HostUnreachable")
DUPLICATE_KEY = write_failed(11000, "DuplicateKey", keyPattern={"_id": 1}, keyValue={"_id": "made up"})
WRITE_CONCERN_FAILED = not_replicated(64, "WriteConcernFailed")
STEPPED_DOWN_BEFORE_MAJORITY = not_replicated(189, "PrimarySteppedDown")
SHUT_DOWN_BEFORE_MAJORITY = not_replicated(91, "ShutdownInProgress")
