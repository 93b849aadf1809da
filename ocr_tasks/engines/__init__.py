"""Engines that find and read lines, behind one small contract."""
