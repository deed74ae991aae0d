"""Tests of what is derived from protos/."""
