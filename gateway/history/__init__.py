"""History from elsewhere: requests that something else recorded, put on the books. One file, one format."""
