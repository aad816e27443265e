"""Take fewer rows of a table on purpose: without copies, without near copies, or at most so many of a kind."""
