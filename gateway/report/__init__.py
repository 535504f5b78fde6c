"""The report: one HTML file that a reader filters without a server. It reckons nothing that the account does not."""
