"""One module for each call of the engine, and what a process and a call hold."""
