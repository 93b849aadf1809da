"""Characters: the recogniser's alphabet, CTC decoding, text metrics. Pure functions."""
