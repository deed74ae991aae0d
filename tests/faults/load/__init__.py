"""Mixed load from several channels, what each client was told, and whether that is true afterwards.

`mixed.py` runs the clients, `seeing.py` reads what there is when they are done, `verifying.py` compares. Pure where it
judges, so that it can be shown to find what it is for (`test_the_verifier.py`).
"""
