"""Who has the last word, as a table: what was said, and what becomes of a mail of `invoice.due`, category billing.

`me` are the person's choices, `we` the tenant's defaults and `locked` its locks, each as width to on or off; `default`
is the workflow's own. The answer is `send` or the reason to skip, the rule that decided, and its width.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

ON, OFF = True, False
Said = Mapping[str, bool]

WIDTHS: Mapping[str, dict[str, str]] = {
    "all": {},
    "mail": {"kind": "email"},
    "push": {"kind": "push"},
    "billing": {"category": "billing"},
    "billing mail": {"category": "billing", "kind": "email"},
    "billing push": {"category": "billing", "kind": "push"},
    "news": {"category": "news"},
    "news mail": {"category": "news", "kind": "email"},
    "due": {"workflow": "invoice.due"},
    "due mail": {"workflow": "invoice.due", "kind": "email"},
    "due push": {"workflow": "invoice.due", "kind": "push"},
    "paid": {"workflow": "invoice.paid"},
    "paid mail": {"workflow": "invoice.paid", "kind": "email"},
}
"""How a row below names what it speaks of."""


@dataclass(frozen=True)
class Case:
    answer: str
    rule: str
    width: str = ""
    me: Said = field(default_factory=dict)
    we: Said = field(default_factory=dict)
    locked: Said = field(default_factory=dict)
    default: bool | None = None
    critical: bool = False
    suppressed: bool = False

    def __str__(self) -> str:
        said = [f"{name} {dict(given)}" for name in ("me", "we", "locked") if (given := getattr(self, name))]
        flags = [name for name in ("critical", "suppressed") if getattr(self, name)]
        default = [] if self.default is None else [f"default {self.default}"]
        return " ".join([*said, *default, *flags]).replace("{", "").replace("}", "").replace("'", "") or "nothing said"


def sends(rule: str, width: str = "", **given: object) -> Case:
    return Case("send", rule, width, **given)  # type: ignore[arg-type]


def skips(reason: str, rule: str, width: str = "", **given: object) -> Case:
    return Case(reason, rule, width, **given)  # type: ignore[arg-type]


TABLE = [
    # Nobody said anything, or nothing about this.
    sends("nothing"),
    sends("nothing", me={"push": OFF}),
    sends("nothing", me={"news": OFF}),
    sends("nothing", me={"news mail": OFF}),
    sends("nothing", me={"paid": OFF}),
    sends("nothing", me={"paid mail": OFF}),
    sends("nothing", me={"billing push": OFF}),
    sends("nothing", me={"due push": OFF}),
    sends("nothing", we={"push": OFF, "news": OFF, "paid": OFF}),
    sends("nothing", locked={"push": OFF, "news": OFF, "paid": OFF}),
    # The person, at one width.
    sends("choice", "everything", me={"all": ON}),
    skips("off_by_everything", "choice", "everything", me={"all": OFF}),
    sends("choice", "channel", me={"mail": ON}),
    skips("off_by_channel", "choice", "channel", me={"mail": OFF}),
    sends("choice", "category", me={"billing": ON}),
    skips("off_by_category", "choice", "category", me={"billing": OFF}),
    sends("choice", "category_channel", me={"billing mail": ON}),
    skips("off_by_category", "choice", "category_channel", me={"billing mail": OFF}),
    sends("choice", "workflow", me={"due": ON}),
    skips("off_by_workflow", "choice", "workflow", me={"due": OFF}),
    sends("choice", "workflow_channel", me={"due mail": ON}),
    skips("off_by_workflow", "choice", "workflow_channel", me={"due mail": OFF}),
    # The person at two widths: the narrower.
    sends("choice", "channel", me={"all": OFF, "mail": ON}),
    skips("off_by_channel", "choice", "channel", me={"all": ON, "mail": OFF}),
    sends("choice", "category", me={"all": OFF, "billing": ON}),
    skips("off_by_category", "choice", "category", me={"all": ON, "billing": OFF}),
    sends("choice", "category", me={"mail": OFF, "billing": ON}),
    skips("off_by_category", "choice", "category", me={"mail": ON, "billing": OFF}),
    sends("choice", "category_channel", me={"billing": OFF, "billing mail": ON}),
    skips("off_by_category", "choice", "category_channel", me={"billing": ON, "billing mail": OFF}),
    sends("choice", "category_channel", me={"mail": OFF, "billing mail": ON}),
    skips("off_by_category", "choice", "category_channel", me={"mail": ON, "billing mail": OFF}),
    sends("choice", "workflow", me={"all": OFF, "due": ON}),
    sends("choice", "workflow", me={"mail": OFF, "due": ON}),
    skips("off_by_workflow", "choice", "workflow", me={"mail": ON, "due": OFF}),
    sends("choice", "workflow", me={"billing mail": OFF, "due": ON}),
    skips("off_by_workflow", "choice", "workflow", me={"billing mail": ON, "due": OFF}),
    sends("choice", "workflow_channel", me={"due": OFF, "due mail": ON}),
    skips("off_by_workflow", "choice", "workflow_channel", me={"due": ON, "due mail": OFF}),
    # What is about another channel, category or workflow is no narrower word about this.
    skips("off_by_everything", "choice", "everything", me={"all": OFF, "push": ON}),
    skips("off_by_channel", "choice", "channel", me={"mail": OFF, "billing push": ON}),
    skips("off_by_channel", "choice", "channel", me={"mail": OFF, "news mail": ON}),
    skips("off_by_category", "choice", "category", me={"billing": OFF, "due push": ON}),
    skips("off_by_category", "choice", "category_channel", me={"billing mail": OFF, "paid mail": ON}),
    # All widths at once.
    sends("choice", "workflow_channel", me={
        "all": OFF, "mail": OFF, "billing": OFF, "billing mail": OFF, "due": OFF, "due mail": ON}),
    skips("off_by_workflow", "choice", "workflow_channel", me={
        "all": ON, "mail": ON, "billing": ON, "billing mail": ON, "due": ON, "due mail": OFF}),
    skips("off_by_workflow", "choice", "workflow", me={
        "all": ON, "mail": ON, "billing": ON, "billing mail": ON, "due": OFF}),
    # The tenant's default, for who said nothing about this.
    skips("off_by_tenant", "tenant_default", "everything", we={"all": OFF}),
    sends("tenant_default", "everything", we={"all": ON}),
    skips("off_by_tenant", "tenant_default", "channel", we={"mail": OFF}),
    skips("off_by_tenant", "tenant_default", "category", we={"billing": OFF}),
    skips("off_by_tenant", "tenant_default", "category_channel", we={"billing mail": OFF}),
    skips("off_by_tenant", "tenant_default", "workflow", we={"due": OFF}),
    skips("off_by_tenant", "tenant_default", "workflow_channel", we={"due mail": OFF}),
    sends("tenant_default", "category", we={"mail": OFF, "billing": ON}),
    skips("off_by_tenant", "tenant_default", "workflow_channel", we={"all": ON, "due": ON, "due mail": OFF}),
    skips("off_by_tenant", "tenant_default", "category", we={"billing": OFF}, me={"push": ON, "news": ON}),
    # The person before the tenant's default, however wide the one and narrow the other.
    sends("choice", "everything", me={"all": ON}, we={"due mail": OFF}),
    skips("off_by_everything", "choice", "everything", me={"all": OFF}, we={"due mail": ON}),
    sends("choice", "channel", me={"mail": ON}, we={"billing": OFF}),
    skips("off_by_category", "choice", "category", me={"billing": OFF}, we={"billing mail": ON}),
    # The workflow's own default, last of all.
    skips("off_by_default", "workflow_default", default=OFF),
    sends("workflow_default", default=ON),
    sends("tenant_default", "everything", default=OFF, we={"all": ON}),
    skips("off_by_tenant", "tenant_default", "channel", default=ON, we={"mail": OFF}),
    sends("choice", "everything", default=OFF, me={"all": ON}),
    skips("off_by_channel", "choice", "channel", default=ON, me={"mail": OFF}),
    skips("off_by_default", "workflow_default", default=OFF, me={"push": ON}, we={"news": ON}),
    # The tenant's lock, before the person; of several the narrowest.
    skips("locked_off", "lock", "everything", locked={"all": OFF}),
    sends("lock", "everything", locked={"all": ON}),
    sends("lock", "everything", locked={"all": ON}, me={"due mail": OFF}),
    skips("locked_off", "lock", "everything", locked={"all": OFF}, me={"due mail": ON}),
    sends("lock", "channel", locked={"mail": ON}, me={"mail": OFF}),
    skips("locked_off", "lock", "channel", locked={"mail": OFF}, me={"mail": ON}),
    sends("lock", "category", locked={"billing": ON}, me={"billing": OFF}),
    skips("locked_off", "lock", "category_channel", locked={"billing mail": OFF}, me={"due": ON}),
    sends("lock", "workflow", locked={"due": ON}, me={"due": OFF, "due mail": OFF}),
    skips("locked_off", "lock", "workflow_channel", locked={"due mail": OFF}, me={"due mail": ON}),
    sends("lock", "category", locked={"mail": OFF, "billing": ON}),
    skips("locked_off", "lock", "workflow", locked={"billing mail": ON, "due": OFF}),
    sends("lock", "channel", locked={"mail": ON}, we={"due mail": OFF}),
    skips("locked_off", "lock", "category", locked={"billing": OFF}, we={"all": ON}, default=ON),
    skips("off_by_channel", "choice", "channel", locked={"push": ON, "news": ON, "paid": ON}, me={"mail": OFF}),
    # Critical passes all of these.
    sends("critical", critical=True),
    sends("critical", critical=True, me={"all": OFF}),
    sends("critical", critical=True, me={"due mail": OFF}),
    sends("critical", critical=True, we={"due mail": OFF}),
    sends("critical", critical=True, locked={"all": OFF}),
    sends("critical", critical=True, locked={"due mail": OFF}, me={"due mail": OFF}),
    sends("critical", critical=True, default=OFF),
    # Suppressed is the end of it.
    skips("suppressed", "suppressed", suppressed=True),
    skips("suppressed", "suppressed", suppressed=True, critical=True),
    skips("suppressed", "suppressed", suppressed=True, me={"due mail": ON}),
    skips("suppressed", "suppressed", suppressed=True, locked={"due mail": ON}),
    skips("suppressed", "suppressed", suppressed=True, locked={"all": ON}, critical=True, me={"all": ON}),
]  # fmt: skip
