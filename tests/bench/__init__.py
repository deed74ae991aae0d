"""What the suite costs beside the bare parts that it is made of: ratios, measured side by side.

`docs/performance.md` says how to run it, and how to read what comes out.
"""
