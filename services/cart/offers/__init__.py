"""What the company gives its customers: drafts, versions, windows, audiences, and how an offer stands for somebody."""
