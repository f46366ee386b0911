"""From numbers to words, tables and pages."""
