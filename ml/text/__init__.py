"""Turn messages into what a model reads."""
