"""From result files to rows."""
