"""What a company would bring along: message templates, and a customer to try things with."""
