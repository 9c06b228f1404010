"""Getting it out of the building: a durable outbox, and the backends that send. So far mail and signed webhooks; chat,
push and SMS are to come.

To read in this order: `outbox.py`, `courier.py`, `claim.py`, `settle.py`, `sweeps.py`, `backends/webhook.py`,
`backends/email.py`.
"""
