"""The only way out by HTTP. One address policy (`policy.py`, pure) stands before two clients:

- `aio.Outbound` for the loop thread that sends,
- `sync.SyncOutbound` where a call is naturally synchronous; its `session` is for libraries that take one.

`site.py` reads the settings; `headers.py` checks the header fields that tenants give.
"""
