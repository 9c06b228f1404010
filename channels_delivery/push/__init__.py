"""Web push (RFC 8030, 8188, 8291, 8292): where it may go, its keys, its payload and its encryption. No database here.

`backends/push.py` sends by these; `devices.py` keeps the devices.
"""
