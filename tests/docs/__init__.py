"""Tests of the pages: what they say works."""
