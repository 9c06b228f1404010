"""Django's SQLite for tests."""
