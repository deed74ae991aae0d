"""Every call of the five services with a deadline: what is asked of others carries no more of it than is left."""
