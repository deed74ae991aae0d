"""Who is this? Customers, their identifiers, and merges.

Owns: who holds which identifier (`claims`), what the company knows of a customer (the records), and who became part
of whom. Nobody else creates a customer.

Promises:
- Whatever channels say about one person at once, it is one customer; a retry, however late, is told the same.
- Nobody is given another person's data for an identifier that was not proven, or for a machine that others use too.
- Two customers whom the company knows are never merged by themselves; a guest who turns out to be known is, and loses
  nothing. Ids and identifiers of merged customers keep working.
- What was refused left nothing behind; what a crash left half done is carried on by whoever comes next.
- A merge names its rule and what led to it, and can be taken back: both customers have their own again.

Announces on `omnithread.profile.v1.events`, without personal data: CustomerCreated, IdentifiersLinked, ProfileUpdated,
CustomersMerged (on the customer who remains), CustomerSealed (on the one who was merged away), and when that is undone
CustomersUnmerged and CustomerReleased.

Listens to cart and the aggregator: orders and visits become facts, and with traits decide to which segments somebody
belongs (`SegmentEntered`, `SegmentLeft`).

Where to read: `who` decides, `identify` tells the order of writes, `merging` why merges never go round in a circle,
`splitting` what each has after an undoing.
"""
