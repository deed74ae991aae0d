"""What are they buying, and at what price? Carts and orders.

Owns: each customer's cart, their orders, and the announcement that a cart lies idle.
Promises: a change that was answered is saved, once, and seen by every channel in its next read; two channels that
change one cart at once both succeed; a merge loses nothing, says line by line what it did, and can be undone
(`merging/taking_over.py`, `merging/parting.py`).
Announces on `omnithread.cart.v1.events`: items added, changed and removed, carts cleared, checked out, abandoned,
absorbed and sealed, parted and released.
"""
