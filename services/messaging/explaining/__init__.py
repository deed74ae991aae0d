"""Why a customer got a message, or why not: the whole chain in words and as data."""
