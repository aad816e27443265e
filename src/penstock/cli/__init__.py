"""The command line: commands parse, call one verb of the application, and return a named exit code."""
