"""Tests mirror the tree; stories across services are in tests/journeys."""
