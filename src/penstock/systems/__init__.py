"""The systems that ship with Penstock, and what they share."""
