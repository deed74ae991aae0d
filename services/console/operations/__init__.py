"""What operations looks at: whether all answers, what lags, what waits, and what could not be sent."""
