"""``python -m ocr_tasks.cli``: the command where no script is installed."""

from ocr_tasks.cli.main import main

main()
