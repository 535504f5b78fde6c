"""The YAML policy: its models, loading with file and line, lint, JSON Schema. Opens no connection."""
