"""Figures as plain Plotly specifications: built without importing Plotly, coloured by palette tokens."""
