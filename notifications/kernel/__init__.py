"""The small kernel that every app may lean on. Its whole list of contents:

- `clock`     the one reading of the database clock that a verb passes down
- `config`    typed sections of the `NOTIFYHUB` setting
- `doorbell`  ring a worker after commit; a hint that may be lost
- `encrypted` JSON at rest that only this site can read: secrets of channels, and of what identifies people
- `local_time` when a clock on somebody's wall shows what: waiting in workflows, quiet hours in preferences
- `privacy`   what each app keeps of a person: exported and erased together
- `rowset`    one statement for any number of rows, on PostgreSQL and SQLite
- `schema`    JSON Schema: of payloads and steps, of the settings and secrets of channels
- `snapshot`  several things read as of one moment: an inbox and its number, a run and its people
- `ticker`    due verbs run by a timer thread in every worker, elected by a row
- `tokens`    UUIDv7 names, random secrets and their hashes
- `waiting`   rows that wait for a time, for a virtual clock that jumps from one due time to the next

Anything new is added to this list first, with the reason why two apps need it.
"""
