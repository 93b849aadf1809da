"""Fine-tuning of a detector on one's own pages."""
