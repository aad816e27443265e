"""Forecasting: panel, features, models, rungs, backtests and tuning."""
