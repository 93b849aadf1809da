"""How well a model reads labelled lines, and whether it may take the champion's place."""
