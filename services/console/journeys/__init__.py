"""Journeys as people look at them: one as a picture, many by a search, all of them as a report.

marks      what a touchpoint is in the picture; reading: contract -> marks
axis       time across, with long silences folded
layout     lanes, marks in them, heaps of marks too close to tell apart, hand-overs between lanes
picture    the page of one journey
search, report, flow    the pages over many
"""
