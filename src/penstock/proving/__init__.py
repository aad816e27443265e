"""What a trained model must show before it may serve: checks and gates."""
