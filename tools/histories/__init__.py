"""A whole world in one process for random histories: the simulated cloud, stacks, their engine, and the judge."""
