"""Traces as people look at them: one as a waterfall, the newest as a list, and the way from each to the next.

waterfall    lines and bars of one trace, bounded however long it is
around       what stands before and after it in its journey
page         the pages
"""
