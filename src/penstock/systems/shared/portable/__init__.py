"""Forecasts without Penstock: what a bundle's ``loader.py`` is cut from; NumPy and onnxruntime are all it needs."""
