"""HTTP out of the suite: what we post to an address that somebody gave us, signed, bounded, and believed in nothing.

Nobody in here follows a redirect, reads without an end, waits without an end, or connects to an address inside our own
network unless the operator said so.
"""
