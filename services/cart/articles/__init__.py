"""What the company's catalogue tells of articles."""
