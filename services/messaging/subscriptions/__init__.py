"""Events for other systems: who wants which, what is on its way to them, and posting it.

Each event is heard in a consumer group of its own, becomes one document per subscription that wants it, and is posted
until the receiver takes it: at least once, under the same id, in order per customer and area. Merging changes nothing
here: an event keeps the customer id that it was announced with, and the merge is an event of its own.
"""
