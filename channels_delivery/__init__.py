"""Getting it out of the building: mail, webhooks, chat, push, SMS. So far it has the guarded way out, `outbound/`; the
outbox that will use it comes next, and until then every notification ends in the inbox."""
