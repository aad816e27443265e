"""The self-contained HTML report: facts in, one page out that opens offline."""
