"""Watching a customer's context: newest state on each change by anyone, to as many as look.

Kafka tells that something changed and whose it was, never what: a change makes those who watch that customer be read
for once more, strongly, as `GetCustomerContext` does. So a watcher is told nothing that a read would not tell, events
may come twice or not at all, and what a watcher was sent is compared with what it is to be sent, not with versions of
events. Nothing is kept: a token says what its owner has seen, whichever replica is asked next.
"""
