#!/usr/bin/env python
"""Django's command line for the hub."""

import sys

from notifyhub.settings import choose


def main() -> None:
    choose()
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
