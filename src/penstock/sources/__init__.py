"""Clients of the outside world and the simulators that stand in for them. Import the modules directly."""
