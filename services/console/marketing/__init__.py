"""What marketing looks at, and changes nothing: campaigns and what they achieved, offers, templates, and silence."""
