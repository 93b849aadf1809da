"""The registry of models: versions that never change, and which of them is the champion."""
