"""Where results are kept: artifact store, codecs and digests, catalogue, locks."""
