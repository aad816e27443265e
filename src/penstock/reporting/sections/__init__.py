"""The sections of a forecasting report, one module each: facts in, a section or nothing out."""
