"""What did we say, and why or why not? Templates, messages and conversations.

Owns: templates; what was said to each customer, with a reason for everything that was not; what they answered, as one
conversation per topic whatever the channels.

Promises:
- Nothing goes out without a last look: consent, pauses, caps, quiet hours, and whether it is still true
  (`deciding/gates`).
  A service that does not answer lets the message wait; nothing is sent on an assumption.
- What was decided, by which gates and from what, is kept with the message; why one came or did not is told in words
  and as data (`explaining/operations`).
- A message has one effect, whoever looks and whatever breaks: exactly one in the inbox, and at a provider that can be
  asked or takes a key once; elsewhere at most one, and what nobody knows is `UNKNOWN` and not sent again, unless its
  purpose wants that (`delivery/handing_over`).
- A template can neither stop the service nor reach what is not declared (`texts/liquid_texts`).
- A merge loses no message and no word (`merging/taking_over`).

Announces on `omnithread.messaging.v1.events`, without words, names and addresses: messages queued and changed, entries
posted, records absorbed and sealed. Listens to cart (abandoned, checked out) and profile (merged).
"""
