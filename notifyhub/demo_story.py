"""Who is who in the demo data, and what has happened to them."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any


@dataclass(frozen=True)
class Person:
    name: str
    role: str
    zone: str
    locale: str
    title: str

    @property
    def first(self) -> str:
        return self.name.split()[0].lower()


NORTHWIND = (
    Person("Ana Lindqvist", "owner", "Europe/Stockholm", "sv", "Founder"),
    Person("Bruno Carvalho", "admin", "Europe/Lisbon", "pt", "Head of Operations"),
    Person("Chidi Okafor", "admin", "Africa/Lagos", "en", "Support Lead"),
    Person("Dana Whitfield", "member", "America/Denver", "en", "Field Engineer"),
    Person("Emi Takahashi", "member", "Asia/Tokyo", "ja", "Robotics Engineer"),
    Person("Farid Haddad", "member", "Asia/Dubai", "ar", "Account Manager"),
    Person("Greta Vogel", "member", "Europe/Berlin", "de", "Quality Engineer"),
    Person("Hana Novak", "member", "Europe/Prague", "cs", "Support Engineer"),
    Person("Ivo Marchetti", "member", "Europe/Rome", "it", "Firmware Developer"),
    Person("Jun Park", "member", "Asia/Seoul", "ko", "Data Analyst"),
    Person("Kavya Rao", "member", "", "en", "Technical Writer"),
)
GLOBEX = (
    Person("Hank Moreno", "owner", "America/New_York", "en", "Director"),
    Person("Mallory Quinn", "member", "", "en", "Analyst"),
    Person("Sven Aalto", "member", "", "fi", "Engineer"),
)
TOPICS = {
    "support-desk": ("Support desk", ("chidi", "hana", "dana", "kavya")),
    "fleet-7": ("Robot fleet 7", ("bruno", "emi", "ivo", "greta", "dana")),
}


@dataclass(frozen=True)
class Event:
    """Something that happened: how long ago, who did it, whom it concerns (nobody named: owner and admins), what is
    special."""

    ago: timedelta
    workflow: str
    actor: str
    recipients: list[dict[str, str]] | None
    changes: dict[str, Any]


# Oldest first; the last is happening now. A payload is the workflow's own sample with these values changed.
PAST: tuple[Event, ...] = (
    Event(
        timedelta(days=4, hours=3),
        "knowledge_gap.detected",
        "jun",
        [{"topic": "support-desk"}, {"role": "admin"}],
        {
            "topic": "Cleaning the gripper of the R4",
            "question": "May I clean the gripper with alcohol?",
            "occurrences": 9,
            "url": "/knowledge/gaps/gripper-r4",
        },
    ),
    Event(
        timedelta(days=2, hours=7),
        "proposal.pending",
        "kavya",
        None,
        {
            "proposal_id": "P-298",
            "title": "Offer a loan robot when a repair takes longer than ten days",
            "author": "Kavya Rao",
            "summary": "Six customers asked for one in October; two of them cancelled their contract afterwards.",
            "url": "/proposals/P-298",
        },
    ),
    Event(
        timedelta(days=2, hours=1),
        "proposal.approved",
        "bruno",
        [{"user": "kavya"}, {"topic": "support-desk"}],
        {
            "proposal_id": "P-298",
            "title": "Offer a loan robot when a repair takes longer than ten days",
            "approved_by": "Bruno Carvalho",
            "comment": "Yes, for fleets of five and more. Let us look again in January.",
            "url": "/proposals/P-298",
        },
    ),
    Event(
        timedelta(days=1, hours=5),
        "session.high_priority",
        "hana",
        [{"topic": "fleet-7"}, {"role": "owner"}],
        {
            "session_id": "S-20402",
            "customer": "Rotterdam Cold Storage",
            "priority": "urgent",
            "waiting_minutes": 18,
            "summary": "Three robots of fleet 7 stand still after the firmware update; the night shift starts at ten.",
            "url": "/sessions/S-20402",
        },
    ),
    Event(timedelta(hours=21), "proposal.pending", "greta", None, {}),
    Event(
        timedelta(hours=6),
        "knowledge_gap.detected",
        "jun",
        [{"topic": "support-desk"}, {"role": "owner"}, {"role": "admin"}],
        {},
    ),
    Event(timedelta(minutes=48), "session.high_priority", "chidi", [{"topic": "support-desk"}, {"role": "owner"}], {}),
    Event(
        timedelta(), "session.escalated", "hana", [{"role": "owner"}, {"role": "admin"}, {"topic": "support-desk"}], {}
    ),
)
