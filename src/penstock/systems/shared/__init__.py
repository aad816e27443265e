"""What systems are made of: their declaration, and the pipelines that join the parts below."""
