"""What a run is: its plan, its budget of time, the runs that were made, and those of earlier commits."""
