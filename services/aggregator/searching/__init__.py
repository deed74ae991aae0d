"""Finds journeys over all customers, and counts how they go: from cards and days that are kept ready."""
