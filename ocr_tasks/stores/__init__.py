"""What lies behind the door to stores: file systems, listings, local files, open files."""
