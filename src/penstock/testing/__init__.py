"""Contract suites and test kits that plug-ins subclass; nothing in the package imports them."""
