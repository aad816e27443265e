"""What all learning tasks share: splits, metrics, scores, bootstrap, slices and the ladder."""
