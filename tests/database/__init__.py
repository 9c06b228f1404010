"""A PostgreSQL for tests: as Django's, but that emptying it after a test takes milliseconds and not a second."""
