"""Hourly electricity consumption of every price area and consumer type in Denmark, 24 hours ahead."""
