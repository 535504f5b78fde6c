"""The demo: two real models, a stand-in for the closed API, sixty requests written by hand."""
