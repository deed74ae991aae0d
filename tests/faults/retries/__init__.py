"""Every call that changes something is struck at every point, and sent again with the same id: once is what it was.

`requests_*.py` say for each call how a customer comes to where it can be made, and what is asked; `points.py` where it
goes wrong; `house.py` has the services with something to go wrong between them; `effects.py` what came of it.
"""
