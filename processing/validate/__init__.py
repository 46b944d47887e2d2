"""The Level 1 table: what is asked of the survey, and what a release reaches, each number with its error."""
