"""What is shown: words, templates, the brand's look."""
