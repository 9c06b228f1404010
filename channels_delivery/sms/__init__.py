"""Short messages to phones: how long a text is (`segments.py`), what a number is (`numbers.py`), which of them may be
told and how often (`limits.py`), and the providers that carry it. A provider is a module here with a `PROVIDER` (see
`provider.py`), named in `providers.py`.
"""
