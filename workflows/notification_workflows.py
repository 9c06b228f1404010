"""The workflows that come with notifyhub, for a team that answers people with the help of agents.

Each puts an item into the inbox of everybody concerned, and is told once to the tenant's webhooks that listen. What
should reach people who are not looking is mailed to them too: at once where a customer waits, after a while and only if
they have not read it where that is enough. Mail of these kinds also goes to the tenant's lists that listen.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from .channel_workflows import channel_disabled, ways_out  # noqa: F401 - declared here by being named here
from .define import Category, Workflow, delay, send_email, send_inbox, send_slack, send_teams, send_webhook
from .place_workflows import endpoint_disabled, own_places  # noqa: F401 - likewise

conversations = Category(
    "conversations", "Conversations", "When a conversation needs a person, or matters more than others."
)
proposals = Category("proposals", "Proposals", "Suggestions that wait for an approval, and what became of them.")
knowledge = Category("knowledge", "Knowledge", "Questions that your knowledge base cannot answer yet.")


@dataclass(frozen=True)
class SessionEscalated:
    """An assistant gave a conversation up to a person."""

    session_id: str
    customer: str
    reason: str
    summary: str = ""
    url: str = ""


session_escalated = Workflow(
    key="session.escalated",
    name="Session escalated",
    description="The assistant handed a conversation over: a person has to answer.",
    category="conversations",
    critical=True,
    payload=SessionEscalated,
    sample={
        "session_id": "S-20417",
        "customer": "Amara Okafor",
        "reason": "Refund above the limit that the assistant may grant",
        "summary": "Ordered two controllers on 3 November; one arrived broken. Wants a refund, not a replacement.",
        "url": "/sessions/S-20417",
    },
    steps=[
        send_inbox(
            title="{{ payload.customer }} needs a person",
            body="{{ payload.reason }}.{% if payload.summary != blank %}\n\n{{ payload.summary }}{% endif %}",
            url="{{ payload.url }}",
            level="error",
            icon="escalation",
            thread="session:{{ payload.session_id }}",
            actions=[("Take over", "{{ payload.url }}")],
        ),
        send_webhook(
            title="{{ payload.customer }} needs a person",
            body="{{ payload.reason }}.",
            url="{{ payload.url }}",
            level="error",
            thread="session:{{ payload.session_id }}",
        ),
        send_email(
            title="{{ payload.customer }} needs a person",
            subject="{{ payload.customer }} needs a person: {{ payload.reason | truncate: 80 }}",
            body="The assistant has handed this conversation over. {{ payload.customer }} waits for an answer.\n\n"
            "Why: {{ payload.reason }}."
            "{% if payload.summary != blank %}\n\nSo far: {{ payload.summary }}{% endif %}",
            level="error",
            actions=[("Take over", "{{ payload.url }}")],
            expires_after=timedelta(hours=12),
        ),
        send_slack(
            title="{{ payload.customer }} needs a person",
            body="{{ payload.reason }}.{% if payload.summary != blank %}\n\n{{ payload.summary }}{% endif %}",
            url="{{ payload.url }}",
            level="error",
        ),
        send_teams(
            title="{{ payload.customer }} needs a person",
            body="{{ payload.reason }}.{% if payload.summary != blank %}\n\n{{ payload.summary }}{% endif %}",
            url="{{ payload.url }}",
            level="error",
        ),
    ],
)


@dataclass(frozen=True)
class SessionHighPriority:
    """A conversation was rated urgent."""

    session_id: str
    customer: str
    priority: str
    waiting_minutes: int = 0
    summary: str = ""
    url: str = ""


session_high_priority = Workflow(
    key="session.high_priority",
    name="High-priority session",
    description="A conversation was rated urgent and waits for an answer.",
    category="conversations",
    payload=SessionHighPriority,
    sample={
        "session_id": "S-20431",
        "customer": "Harbour Hotel Group",
        "priority": "urgent",
        "waiting_minutes": 12,
        "summary": "The check-in terminals of all four houses are offline since 14:05.",
        "url": "/sessions/S-20431",
    },
    steps=[
        send_inbox(
            title="{{ payload.priority | capitalize }}: {{ payload.customer }}"
            "{% if payload.waiting_minutes > 0 %} has waited {{ payload.waiting_minutes }} min{% endif %}",
            body="{{ payload.summary }}",
            url="{{ payload.url }}",
            level="warning",
            icon="priority",
            thread="session:{{ payload.session_id }}",
            actions=[("Open", "{{ payload.url }}")],
        ),
        send_webhook(
            title="{{ payload.priority | capitalize }}: {{ payload.customer }}",
            body="{{ payload.summary }}",
            url="{{ payload.url }}",
            level="warning",
            thread="session:{{ payload.session_id }}",
        ),
        delay(minutes=10),
        send_email(
            title="{{ payload.customer }} still waits",
            subject="{{ payload.priority | capitalize }}: {{ payload.customer }} still waits for an answer",
            body="This conversation was rated {{ payload.priority }} ten minutes ago, and you have not opened it yet."
            "{% if payload.summary != blank %}\n\n{{ payload.summary }}{% endif %}",
            level="warning",
            actions=[("Open the conversation", "{{ payload.url }}")],
            skip_if_read=True,
            expires_after=timedelta(hours=12),
        ),
    ],
)


@dataclass(frozen=True)
class ProposalPending:
    """Somebody, or an agent, suggests a change and waits."""

    proposal_id: str
    title: str
    author: str
    summary: str = ""
    url: str = ""


proposal_pending = Workflow(
    key="proposal.pending",
    name="Proposal waiting for approval",
    description="A suggestion waits for somebody who may approve it.",
    category="proposals",
    tab="reviews",
    payload=ProposalPending,
    sample={
        "proposal_id": "P-311",
        "title": "Extend the return period to 45 days over the holidays",
        "author": "Policy agent",
        "summary": "31 of 40 escalations in November were about returns two to ten days late.",
        "url": "/proposals/P-311",
    },
    steps=[
        send_inbox(
            title="Please review: {{ payload.title }}",
            body="{{ payload.author }} suggests this."
            "{% if payload.summary != blank %} {{ payload.summary }}{% endif %}",
            url="{{ payload.url }}",
            icon="review",
            thread="proposal:{{ payload.proposal_id }}",
            actions=[("Review", "{{ payload.url }}")],
        ),
        send_webhook(
            title="Waits for a review: {{ payload.title }}",
            body="{{ payload.author }} suggests this."
            "{% if payload.summary != blank %} {{ payload.summary }}{% endif %}",
            url="{{ payload.url }}",
            thread="proposal:{{ payload.proposal_id }}",
        ),
        send_email(
            title="{{ payload.title }}",
            subject="Please review: {{ payload.title }}",
            body="{{ payload.author }} suggests a change and waits for somebody who may approve it."
            "{% if payload.summary != blank %}\n\n{{ payload.summary }}{% endif %}",
            actions=[("Review it", "{{ payload.url }}")],
        ),
    ],
)


@dataclass(frozen=True)
class ProposalApproved:
    """A proposal was approved."""

    proposal_id: str
    title: str
    approved_by: str
    comment: str = ""
    url: str = ""


proposal_approved = Workflow(
    key="proposal.approved",
    name="Proposal approved",
    description="A suggestion was approved and takes effect.",
    category="proposals",
    tab="completed",
    payload=ProposalApproved,
    sample={
        "proposal_id": "P-307",
        "title": "Answer opening-hours questions without asking for the branch",
        "approved_by": "Ines Duarte",
        "comment": "Good catch. Please watch the numbers for a week.",
        "url": "/proposals/P-307",
    },
    steps=[
        send_inbox(
            title="Approved: {{ payload.title }}",
            body="By {{ payload.approved_by }}.{% if payload.comment != blank %} “{{ payload.comment }}”{% endif %}",
            url="{{ payload.url }}",
            level="success",
            icon="approved",
            thread="proposal:{{ payload.proposal_id }}",
        ),
        send_webhook(
            title="Approved: {{ payload.title }}",
            body="By {{ payload.approved_by }}.",
            url="{{ payload.url }}",
            level="success",
            thread="proposal:{{ payload.proposal_id }}",
        ),
        send_email(
            title="{{ payload.title }}",
            subject="Approved: {{ payload.title }}",
            body="{{ payload.approved_by }} approved this; it takes effect now."
            "{% if payload.comment != blank %}\n\n“{{ payload.comment }}”{% endif %}",
            level="success",
            actions=[("See the proposal", "{{ payload.url }}")],
        ),
    ],
)


@dataclass(frozen=True)
class KnowledgeGapDetected:
    """A question came up that nothing in the knowledge base answers."""

    topic: str
    question: str
    occurrences: int = 1
    url: str = ""


knowledge_gap_detected = Workflow(
    key="knowledge_gap.detected",
    name="Knowledge gap detected",
    description="People ask something that the knowledge base does not answer.",
    category="knowledge",
    tab="workflows",
    payload=KnowledgeGapDetected,
    sample={
        "topic": "Warranty for refurbished units",
        "question": "Does the two-year warranty start again after a repair?",
        "occurrences": 7,
        "url": "/knowledge/gaps/warranty-refurbished",
    },
    steps=[
        send_inbox(
            title="No answer yet: {{ payload.topic }}",
            body="“{{ payload.question }}”"
            "{% if payload.occurrences > 1 %} was asked {{ payload.occurrences }} times.{% endif %}",
            url="{{ payload.url }}",
            icon="knowledge",
            thread="gap:{{ payload.topic }}",
            actions=[("Write an answer", "{{ payload.url }}")],
        ),
        send_webhook(
            title="No answer yet: {{ payload.topic }}",
            body="{{ payload.question }}",
            url="{{ payload.url }}",
            thread="gap:{{ payload.topic }}",
        ),
    ],
)
