"""Results: the row of a page, its files, their commit, and reading them back."""
