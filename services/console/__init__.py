"""The console: what people of the company look at."""
