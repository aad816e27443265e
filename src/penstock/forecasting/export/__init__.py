"""A trained model in neutral form: its regressors as ONNX, and what goes with them to predict without Penstock."""
