"""Django's PostgreSQL for tests."""
