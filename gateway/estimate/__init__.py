"""A trained estimate of difficulty: from a request to numbers, from numbers to a chance. Pure, and numpy alone."""
