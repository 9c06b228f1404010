"""One module for each block of the table: `measure(quick=...)` sets up, measures, and answers with a `Report`."""
