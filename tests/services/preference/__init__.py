"""Tests of preference."""
