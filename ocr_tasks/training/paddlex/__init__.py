"""PaddleX's own trainer, evaluator and exporter, run as programs beside us."""
