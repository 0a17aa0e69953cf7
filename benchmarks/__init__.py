"""Speed of the exact part against other packages and against the machine: `make bench`."""
