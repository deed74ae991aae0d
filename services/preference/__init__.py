"""May we, and how would they like it? Preferences and consents with their proof.

Owns: each customer's language, time zone, preferred channels, quiet hours, pauses, caps, interests and consents.
Promises: a no holds from the answer on, whatever else is said at the same time, and no merge turns it into a yes
(`merging.py`); every yes and no has its record, which is never changed, and a chain of digests shows it (`chain/`).
A yes by e-mail or SMS may have to be confirmed (`confirming/`); mails have links that need no login (`links/`).
Announces on `omnithread.preference.v1.events`: preferences updated, consents set, confirmations to ask for, records
absorbed and sealed.
"""
