"""Who is led through which steps, triggered by what, and what ends it."""
