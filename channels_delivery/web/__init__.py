"""What browsers are served beside the API."""
