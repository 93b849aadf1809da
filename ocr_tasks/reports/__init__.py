"""Reports for people: HTML files that need nothing else and load nothing."""
