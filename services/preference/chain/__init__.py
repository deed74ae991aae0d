"""The chain of consent records: each entry's digest covers the one before it, so nothing can be changed unseen.

`values` and `digests` say what it is, `sealing` adds what was decided, `checking` finds faults, `reading` reads it.
"""
