"""The MLflow mirror: it listens to the events of a run and nothing calls it."""
