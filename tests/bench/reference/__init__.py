"""What the suite is measured against: bare parts, and the way such a suite is usually written."""
