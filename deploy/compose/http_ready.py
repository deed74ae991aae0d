"""Asks the door's or the console's own health port whether it is ready; exit code 0 says yes."""

import os
import urllib.request

TIMEOUT_SECONDS = 5.0

port = os.environ["OMNITHREAD_HEALTH_LISTEN"].rpartition(":")[2]
urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=TIMEOUT_SECONDS).close()  # raises where it is not
