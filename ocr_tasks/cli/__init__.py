"""The command ``ocr-tasks``."""
