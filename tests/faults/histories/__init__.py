"""What many clients did at once and what each was told, kept as a history and checked against the promises."""
