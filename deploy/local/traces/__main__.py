"""The process: `python -m deploy.local.traces PORT`."""

import sys

from deploy.local.ports import LOOPBACK
from deploy.local.traces.http import TraceServer
from deploy.local.traces.store import SpanStore

if __name__ == "__main__":
    # SIGTERM ends it as it is: it holds nothing that must be kept.
    TraceServer((LOOPBACK, int(sys.argv[1])), SpanStore()).serve_forever()
