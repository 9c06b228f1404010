"""The only way out. One address policy (`policy.py`, pure) stands before all of it:

- `aio.Outbound` for the loop thread that sends,
- `sync.SyncOutbound` where a call is naturally synchronous; its `session` is for libraries that take one,
- `streams.Dialler` for what is not HTTP: the mail servers of tenants.

`site.py` reads the settings; `headers.py` checks the header fields that tenants give.
"""
