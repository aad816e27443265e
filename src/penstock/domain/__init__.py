"""Values, results, events and errors. No I/O, no dependency on any other part of Penstock."""
