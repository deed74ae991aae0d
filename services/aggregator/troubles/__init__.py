"""What failed on a customer's way is a touchpoint, for the engineer who asks where their journey broke.

Three sources: what cart refused (asked of cart every few seconds), sections that were missing in our own answers, and
messages that could not be delivered (events of messaging). At most ten an hour of one customer, beside those messages;
none prolongs a journey, and no call waits for one or fails with it.
"""
