"""One file, one kind of exporter: who is told what is on the books, and passes numbers on."""
