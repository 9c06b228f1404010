"""Short messages to phones: how long a text is (`segments.py`), which numbers may be told (`numbers.py`), and the
providers that carry it. A provider is a module here with a `PROVIDER` (see `provider.py`), named in `providers.py`.
"""
