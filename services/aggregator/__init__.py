"""Where do they stand right now? Journeys, and the context that every channel is given."""
