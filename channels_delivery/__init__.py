"""Getting it out of the building: mail, webhooks, chat, push, SMS. Its outbox is the next thing to be built;
until then this app is installable and empty, and every notification ends in the inbox."""
