"""What stands before the public pages: routes, limits and the policy of a page."""
