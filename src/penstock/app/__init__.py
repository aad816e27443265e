"""One file per verb: each wires the parts for one thing that a user asks for."""
