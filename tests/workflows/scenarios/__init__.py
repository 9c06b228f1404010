"""Scenarios: tables of small stories, each played on the virtual clock.

A module here with a list `SCENARIOS` joins the table; `test_scenarios.py` plays them all.
"""
