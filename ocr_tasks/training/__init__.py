"""Fine-tuning of a recogniser or a detector on one's own lines or pages."""

import warnings

# PaddlePaddle's import looks for a compiler's cache, which nothing here needs.
warnings.filterwarnings("ignore", message="No ccache found")
