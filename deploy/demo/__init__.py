"""One customer on four channels, played before your eyes with real calls, and each claim proved.

`channels/` holds the four channel backends, each a process of its own; `scenes/` what happens, in order.
"""
