"""What another policy would have done with recorded requests, and what that would have cost. Pure; nobody is called."""
