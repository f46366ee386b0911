"""Arms side by side in spawned processes: the conductor, its workers, what each measures, and the lines it leaves."""
