"""What agents do for a customer: answer conversations, work on the cart, hand it over.

Every act is a form with an id of its own: sent twice, by a double click, a reload or a second try, it is done once.
What cannot be undone is asked for first, on a page of its own. A refusal stands on the page in words, with what was
typed. Nothing here needs scripts.
"""
