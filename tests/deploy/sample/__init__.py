"""Tests of what a company would bring along."""
