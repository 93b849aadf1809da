"""Fine-tuning of a recogniser on one's own lines."""
