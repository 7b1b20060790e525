"""What docs/operations.md is made from: the operations told from their records, plots, and the composites."""
