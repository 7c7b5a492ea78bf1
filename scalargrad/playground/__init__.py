"""A playground without install: a folder of static files, in which the engine runs in the reader's browser."""
