"""The console: pages on which people of the company see a customer's thread, and act in it.

It is a channel backend like any other: the channel `console`, of the kind CALL_CENTRE. It uses the public services
through the client package, in the name of the agent who is signed in, keeps nothing of any customer on disk, and has
no database. It promises that looking (GET) changes nothing.
"""
