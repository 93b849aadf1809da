"""Pixels: probability maps to boxes, boxes to order, boxes to crops. Pure functions."""
