"""Seeded stand-ins for outside sources: same schema, same lag, same defects, no network."""
