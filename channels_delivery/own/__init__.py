"""What people add themselves to be told there too: another mail address, a phone, their own Slack, Teams or webhook.

Each is an endpoint. Nothing but a code goes there until its owner has said that code here.
"""
