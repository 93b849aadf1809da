"""Labelled lines and pages: read, checked, split."""
