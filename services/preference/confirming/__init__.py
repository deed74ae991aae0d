"""Double opt-in: a yes by e-mail or SMS waits until whoever reads at that address confirms it.

`model` decides, `confirmations` remembers codes, `limits` counts what goes to an address, `operations` coordinates.
"""
