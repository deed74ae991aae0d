"""Announcing and listening: from the records to Kafka, and from Kafka (or its owner) to a handler.

The only place that knows Kafka's driver. Kafka is quick and never trusted: it may repeat, forget, or be away,
and nothing is missing for long, since every reader compares itself with the owner.
"""
