"""Who is this? Customers, their identifiers, and merges."""
