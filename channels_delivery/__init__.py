"""Getting it out of the building: a durable outbox, and the backends that send. So far signed webhooks, from Python
(`outbox.enqueue_many`); mail, chat, push, SMS, the admin, the API and steps of workflows are to come.

To read in this order: `outbox.py`, `courier.py`, `claim.py`, `settle.py`, `sweeps.py`, `backends/webhook.py`.
"""
