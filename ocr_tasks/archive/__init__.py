"""The archive: what lies in it, what is a page, and the pixels of each."""
