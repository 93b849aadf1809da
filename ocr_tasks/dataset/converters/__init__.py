"""Other people's labels: one file a format, each from bytes to labelled pages."""
