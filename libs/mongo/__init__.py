"""Remembering: customers' records, their requests, events and long lists. MongoDB's driver is known here only."""
