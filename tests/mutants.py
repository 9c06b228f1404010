"""`make mutants`: break what must hold, one thing at a time, in a copy of this tree, and see the tests go red.

A mutant that its tests let live is a failure, and so is one that does not fit the code any more.
"""

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.services import find_postgres

ROOT = Path(__file__).resolve().parent.parent
OUTBOX, FAULTS, OUTBOUND = "tests/channels_delivery/", "tests/faults/", "tests/channels_delivery/outbound/"
LIVE = "tests/notifications/live/"
STEPS = "tests/workflows/steps/"
UNSUBSCRIBE = "tests/preferences/unsubscribe/"
WORKFLOWS = "tests/workflows/"
PREFERENCES = "tests/preferences/"
FOUND = {0: "lives", 1: "dead"}  # pytest's exit codes; anything else says nothing about the mutant


@dataclass(frozen=True)
class Mutant:
    """`changes`: (files, text, other text). At least one of the files, a glob, has the text."""

    name: str
    changes: Sequence[tuple[str, str, str]]
    tests: Sequence[str]


def main(arguments: Sequence[str]) -> int:
    postgres = find_postgres()
    if not postgres:
        print(f"mutants are tried on PostgreSQL: {postgres.missing}")
        return 1
    chosen = [one for one in MUTANTS if not arguments or any(word in one.name for word in arguments)]
    with tempfile.TemporaryDirectory(prefix="notifyhub-mutants-") as folder:
        tree = _copied(Path(folder))
        tests = sorted({test for mutant in chosen for test in mutant.tests})
        verdict, said = _verdict(tree, tests, postgres.address)
        if verdict != "lives":
            print(f"{said}\nthe tests fail without any mutant")
            return 1
        results = [(mutant, *_tried(tree, mutant, postgres.address)) for mutant in chosen]
    _print(results)
    return 0 if all(verdict == "dead" for _, verdict, _ in results) else 1


def _copied(folder: Path) -> Path:
    """What git knows of, as it is now, so that nobody's edits are touched, and the same virtualenv."""
    tree = folder / "tree"
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout
    for name in names.decode().split("\0")[:-1]:
        if (ROOT / name).is_file():
            (tree / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, tree / name)
    return tree


def _tried(tree: Path, mutant: Mutant, database: str) -> tuple[str, float]:
    """(dead, lives or what else happened; seconds)."""
    started = time.monotonic()
    before = {path: path.read_text() for files, _, _ in mutant.changes for path in tree.glob(files)}
    for files, text, other in mutant.changes:
        fitting = [path for path in tree.glob(files) if text in path.read_text()]
        for path in fitting:
            path.write_text(path.read_text().replace(text, other))
        if not fitting:
            _restore(before)
            return f"does not fit {files}", 0.0
    verdict, said = _verdict(tree, mutant.tests, database)
    _restore(before)
    print(f"{verdict}: {mutant.name}" + ("" if verdict == "dead" else f"\n{said}"), flush=True)
    return verdict, time.monotonic() - started


def _restore(before: dict[Path, str]) -> None:
    for path, text in before.items():
        path.write_text(text)


def _verdict(tree: Path, tests: Sequence[str], database: str) -> tuple[str, str]:
    """What it means how pytest ended, and the end of what it said."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "--no-header", *tests]
    environment = os.environ | {
        "PYTHONPATH": str(tree),
        "PYTHONDONTWRITEBYTECODE": "1",
        "NOTIFYHUB_TEST_DATABASE_URL": database,
        "NOTIFYHUB_TEST_NAME": f"test_mutants_{os.getpid()}",
    }
    done = subprocess.run(
        command, cwd=tree, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    verdict = FOUND.get(done.returncode, f"pytest ended with {done.returncode}")
    return verdict, done.stdout.decode(errors="replace")[-3_000:]


def _print(results: Sequence[tuple[Mutant, str, float]]) -> None:
    for mutant, verdict, seconds in results:
        print(f"{verdict:<6} {seconds:>5.1f} s  {mutant.name}")
    dead = sum(verdict == "dead" for _, verdict, _ in results)
    print(f"{dead} of {len(results)} mutants are dead")


MUTANTS = [
    Mutant(
        "fence: a result is written whoever holds the lease",
        [
            ("channels_delivery/verdicts.py", '"d.lease_token = t.token AND d.state', '"d.state'),
        ],
        [
            OUTBOX + "test_settle.py",
            FAULTS + "test_outbox_kills.py::test_a_worker_that_slept_past_its_lease_writes_nothing",
        ],
    ),
    Mutant(
        "fence: what has ended is written again",
        [
            (
                "channels_delivery/verdicts.py",
                "d.lease_token = t.token AND d.state = 'sending'",
                "d.lease_token = t.token",
            ),
            ("channels_delivery/verdicts.py", " lease_token = NULL, lease_until = NULL,", ""),
        ],
        [OUTBOX + "test_settle.py"],
    ),
    Mutant(
        "unique key: the same origin, step and address twice",
        [("channels_delivery/migrations/*.py", "models.F('address')", "models.F('stable_id')")],
        [OUTBOX + "test_enqueue.py::test_one_origin_and_step_reaches_an_address_once"],
    ),
    Mutant(
        "unique key: rows go in as they come, so that two wait for each other",
        [("channels_delivery/outbox.py", "    rows.sort(", "    list(rows).sort(")],
        [FAULTS + "test_outbox_stores.py::test_two_who_enqueue_the_same_in_opposite_order_do_not_wait_for_each_other"],
    ),
    Mutant(
        "cancel: first what waits, then what is under way",
        [
            (
                "channels_delivery/outbox.py",
                """            states = [row[0] for row in cursor.fetchall()]
""",
                """            states = [row[0] for row in cursor.fetchall()]
        with transaction.atomic(using=using):
            states += ["sending"] * mine.filter(late).update(revoked=True)
""",
            ),
            (
                "channels_delivery/outbox.py",
                "origin = %s AND state IN ('pending', 'sending'){chosen}",
                "origin = %s AND state = 'pending'{chosen}",
            ),
        ],
        [
            OUTBOX + "test_cancel.py",
            FAULTS + "test_outbox_time.py::test_after_an_acknowledged_cancel_no_receiver_is_asked_again",
        ],
    ),
    Mutant(
        "cancel: a retry of what was revoked",
        [("channels_delivery/verdicts.py", "mine.state = 'pending' AND {_DELIVERY}.revoked THEN", "false THEN")],
        [OUTBOX + "test_settle.py::test_the_retry_of_what_was_revoked_is_a_cancel"],
    ),
    Mutant(
        "record: no attempt before the first byte",
        [
            ("channels_delivery/claim.py", "'' FROM taken)", "'' FROM taken WHERE false)"),
            ("channels_delivery/claim.py", "'' FROM {mine} AS t\"", "'' FROM {mine} AS t WHERE false\""),
        ],
        [OUTBOX + "test_claim.py::test_the_attempt_is_on_record_when_a_parcel_is_in_hand"],
    ),
    Mutant(
        "id: another one for each try",
        [("channels_delivery/backends/webhook.py", "{parcel.stable_id.hex}", "{parcel.token.hex}")],
        [OUTBOX + "test_webhook.py::test_a_retry_has_the_same_id_and_body_and_a_signature_of_its_own_time"],
    ),
    Mutant(
        "retry: no spread",
        [("channels_delivery/retry.py", "(0.8 + 0.4 * chance)", "1.0")],
        [OUTBOX + "test_retry.py"],
    ),
    Mutant(
        "retry: the same chance for all",
        [("channels_delivery/network.py", "random.random()", "0.5")],
        [FAULTS + "test_outbox_endpoints.py::test_retries_are_spread"],
    ),
    Mutant(
        "retry: Retry-After is not read",
        [("channels_delivery/retry.py", "max(own, min(retry_after or 0.0, patience))", "own")],
        [
            FAULTS + "test_outbox_endpoints.py::test_retry_after_is_obeyed_by_the_clock_of_the_receiver",
            OUTBOX + "test_retry.py",
        ],
    ),
    Mutant(
        "lease: what dead workers held is not taken back",
        [("channels_delivery/sweeps.py", "    sweep_lost(now=now)\n", "    pass\n")],
        [FAULTS + "test_outbox_kills.py::test_what_a_dead_worker_held_is_sent_again_under_the_same_id"],
    ),
    Mutant(
        "lease: the lane of a dead worker stays full",
        [("channels_delivery/sweeps.py", "lane.release(by_lane[lane.pk], now)", "lane.release(0, now)")],
        [FAULTS + "test_outbox_kills.py::test_a_worker_that_slept_past_its_lease_writes_nothing"],
    ),
    Mutant(
        "poison: tried for ever",
        [("channels_delivery/sweeps.py", "LOST_MAX = 3", "LOST_MAX = 3000")],
        [OUTBOX + "test_claim.py::test_three_lost_leases_are_the_end_and_others_go_on"],
    ),
    Mutant(
        "poison: what is under way beside it dies with it",
        [("channels_delivery/claim.py", "if lost >= SUSPECT and self._careful:", "if False:")],
        [OUTBOX + "test_claim.py::test_of_those_that_lost_two_workers_one_is_under_way_at_a_time"],
    ),
    Mutant(
        "cap: not looked at",
        [
            (
                "channels_delivery/counters.py",
                "min(self.cap - self.in_flight, FROM_A_LANE, most)",
                "min(FROM_A_LANE, most)",
            )
        ],
        [FAULTS + "test_outbox_endpoints.py::test_ten_thousand_retries_at_once_keep_to_cap_and_rate"],
    ),
    Mutant(
        "rate: not looked at",
        [("channels_delivery/counters.py", "self.room = min(self.room, int(self.tokens + 1e-6))", "pass")],
        [FAULTS + "test_outbox_endpoints.py::test_ten_thousand_retries_at_once_keep_to_cap_and_rate"],
    ),
    Mutant(
        "fairness: first come, first served",
        [("channels_delivery/claim.py", "PARTITION BY tenant_id ", "")],
        [OUTBOX + "test_claim.py::test_tenants_take_turns_however_much_one_has_waiting"],
    ),
    Mutant(
        "waking: lanes that nobody woke are not looked for",
        [("channels_delivery/sweeps.py", "(l.ready_at IS NULL OR l.ready_at > %s)", "(l.ready_at > %s)")],
        [OUTBOX + "test_enqueue.py::test_a_lane_whose_enqueuer_died_after_its_commit_is_found"],
    ),
    Mutant(
        "in force: what a process read once is believed for ever",
        [
            ("workflows/catalogue.py", "def _pointers(", "@__import__('functools').cache\ndef _pointers("),
            ("workflows/catalogue.py", "mine = _pointers(keys,", "mine = _pointers(tuple(sorted(keys)),"),
        ],
        [FAULTS + "test_publishing.py::test_a_trigger_after_a_publication_uses_it_in_every_process"],
    ),
    Mutant(
        "in force: many publish one draft at once",
        [("workflows/dynamic.py", 'rows.select_for_update(of=("self",)).first()', "rows.first()")],
        [FAULTS + "test_publishing.py::test_many_who_publish_one_draft_make_one_version"],
    ),
    Mutant(
        "templates: two that are saved at once do not see each other",
        [("workflows/texts.py", "select_for_update(no_key=True)", "order_by()")],
        [FAULTS + "test_publishing.py::test_templates_that_are_saved_at_once_are_all_in_force"],
    ),
    Mutant(
        "languages: all read that of the tenant",
        [("workflows/sending/words.py", 'profiles[ids[place]]["locale"] or usual', "usual")],
        ["tests/workflows/test_texts.py::test_everybody_reads_their_own_language"],
    ),
    Mutant(
        "markdown: values of a payload are markup",
        [("workflows/sending/template.py", "in_markdown if name in self.markdown", "context if name in self.markdown")],
        ["tests/workflows/test_texts.py::test_values_of_a_payload_stay_text_in_markdown"],
    ),
    Mutant(
        "schemas: what multiplies is taken",
        [("workflows/flaws.py", "        check_cost(schema)\n", "")],
        ["tests/workflows/test_dynamic.py"],
    ),
    Mutant(
        "guard: what is dialled is not checked",
        [
            (
                "channels_delivery/outbound/aio.py",
                "if not allowed(address[0], address[1], None, rules=rules):",
                "if False:",
            )
        ],
        [OUTBOUND + "test_forbidden_addresses.py::test_an_address_that_dns_never_showed_is_refused_at_the_socket"],
    ),
    Mutant(
        "suspended: what a suspended tenant has in the outbox leaves",
        [("channels_delivery/claim.py", "[*self.pausing, *self.suspended, ", "[*self.pausing, ")],
        [OUTBOX + "test_suspended.py"],
    ),
    Mutant(
        "breaker: a late answer closes it",
        [
            (
                "channels_delivery/breaker.py",
                'return self if self.state == "open" else self._better()',
                "return self._better()",
            )
        ],
        [OUTBOX + "test_breaker.py"],
    ),
    Mutant(
        "replay: its words are taken out meanwhile",
        [
            (
                "channels_delivery/retention.py",
                "return unneeded.filter(pk__in=held)",
                "return full.filter(pk__in=held)",
            ),
            ("channels_delivery/outbox.py", "list(words.order_by", "(words.order_by"),
        ],
        [OUTBOX + "test_retention.py::test_words_of_what_is_being_replayed_stay"],
    ),
    Mutant(
        "guard: one good answer of the name server is enough",
        [("channels_delivery/outbound/names.py", "if not all(allowed", "if not any(allowed")],
        [OUTBOUND + "test_forbidden_addresses.py"],
    ),
    Mutant(
        "guard: what came unasked is read as the next answer",
        [("channels_delivery/outbound/exchange.py", "return not self.should_close and", "return")],
        [OUTBOUND + "test_exchanges.py::test_what_comes_unasked_closes_a_kept_connection"],
    ),
    Mutant(
        "guard: an answer may be without end",
        [("channels_delivery/outbound/exchange.py", "if self._taken > WHOLE_BYTES and", "if False and")],
        [OUTBOUND + "test_exchanges.py::test_what_is_no_body_has_an_end_too"],
    ),
    Mutant(
        "live: each of several changes with one revision leads on",
        [("notifications/live/frames.py", "elif fresh[number].rev == change.rev:", "elif False:")],
        [LIVE + "test_socket.py::test_who_is_cut_off_between_changes_of_one_revision_gets_them_again"],
    ),
    Mutant(
        "live: a heartbeat brings nobody up to date",
        [("notifications/live/hub.py", "if any(place != now_at[person]", "if any(False and place != now_at[person]")],
        [LIVE + "test_socket.py::test_a_lost_hint_is_found_by_the_heartbeat"],
    ),
    Mutant(
        "live: credentials are looked at once",
        [("notifications/live/hub.py", "self._beat(), self._recheck()", "self._beat()")],
        [LIVE + "test_doors.py::TestLifetime::test_it_is_looked_at_without_being_asked_for"],
    ),
    Mutant(
        "live: whoever does not read is waited for",
        [("notifications/live/socket.py", "if self._backlog > BACKLOG_MAX:", "if False:")],
        [LIVE + "test_doors.py::TestLimits::test_who_does_not_read_is_cut_off_comes_back_and_nobody_waits"],
    ),
    Mutant(
        "live: a step does not say which runs moved",
        [("workflows/settle.py", "    watching.changed(run.public_id for run, _ in scene.runs)\n", "")],
        [LIVE + "test_watching.py::TestTheCost"],
    ),
    Mutant(
        "live: a run of another tenant may be watched",
        [
            (
                "workflows/runs.py",
                "return runs_of(person.tenant_id).filter(tr",
                "return Run.objects.across_tenants().filter(tr",
            )
        ],
        [LIVE + "test_watching.py::TestWhoMay::test_another_tenants_run_is_none_even_in_a_demo"],
    ),
    Mutant(
        "live: every member may watch a run",
        [("workflows/runs.py", "if person.role not in (Role.OWNER, Role.ADMIN):", "if False:")],
        [LIVE + "test_watching.py::TestWhoMay::test_a_member_may_not"],
    ),
    Mutant(
        "step: a branch is the end of the walk",
        [("workflows/position.py", "path = path[:-2]", "path = []")],
        ["tests/workflows/test_branches.py"],
    ),
    Mutant(
        "step: its condition is not asked",
        [("workflows/planning.py", 'admitted = those_who(settings["when"], scene)', "admitted = scene.people")],
        [STEPS + "test_condition.py"],
    ),
    Mutant(
        "step: people who differ in what is read are taken for one",
        [("workflows/context.py", "groups[tuple(values)].append(place)", "groups[()].append(place)")],
        [STEPS + "test_condition.py"],
    ),
    Mutant(
        "throttle: each counts from nothing",
        [("workflows/throttling.py", "ELSE kept.n + excluded.n END", "ELSE excluded.n END")],
        [STEPS + "test_throttle.py"],
    ),
    Mutant(
        "throttle: counted while it is planned",
        [
            (
                "workflows/steps/throttle.py",
                'Plan([Move(scene.people, Into("then"))], inside=partial(self._counted, settings))',
                "self._counted(settings, scene.people, scene)",
            )
        ],
        [STEPS + "test_throttle.py"],
    ),
    Mutant(
        "fetch: asked beside somebody who asks",
        [
            ("workflows/results.py", "k.free_at <= %s", "k.free_at > %s"),
            ("workflows/results.py", "kept.free_at <= %s", "kept.free_at > %s"),
            ("workflows/steps/fetch.py", "not result.done and result.free_at <= now", "not result.done"),
        ],
        [STEPS + "test_fetch.py::test_a_second_worker_does_not_ask_while_the_first_does"],
    ),
    Mutant(
        "local time: an end takes the first pass",
        [("notifications/kernel/local_time.py", " if put_back else second", "")],
        ["tests/notifications/kernel/test_local_time.py"],
    ),
    Mutant(
        "digest: what it has lost since it was planned is told",
        [("workflows/digests.py", "if _still(some) < len(some):", "if False:")],
        [WORKFLOWS + "digests/test_cancel.py::test_between_planning_and_writing_it_is_planned_again"],
    ),
    Mutant(
        "digest: a window does not count what it holds",
        [("workflows/collecting.py", "SET n = {_WINDOW}.n + excluded.n", "SET n = excluded.n")],
        [WORKFLOWS + "digests/test_collecting.py"],
    ),
    Mutant(
        "digest: two of one person are carried by one run",
        [("workflows/closing.py", "turns.append(seen[recipient])", "turns.append(0)")],
        [WORKFLOWS + "digests/test_several.py::test_one_person_with_several_digests_at_once_gets_each"],
    ),
    Mutant(
        "digest: each of those that come at once leads",
        [("workflows/collecting.py", "if len(opened) < len(leading):", "if False:")],
        [WORKFLOWS + "digests/test_windows.py::test_of_two_workers_who_see_no_window_one_leads"],
    ),
    Mutant(
        "digest: an event joins a window that closed since it was planned",
        [("workflows/collecting.py", "expected.get(key) != pk", "False")],
        [WORKFLOWS + "digests/test_windows.py::test_an_event_whose_window_closed_meanwhile_leads"],
    ),
    Mutant(
        "wait: who acts while a plan is written is out of time",
        [("workflows/settle.py", "heard_since(plan.heard, scene) - gone if plan.heard else NOBODY", "NOBODY")],
        [WORKFLOWS + "test_acknowledge.py::TestWaitFor::test_between_planning_and_writing_it_counts"],
    ),
    Mutant(
        "wait: whoever acts wakes everybody",
        [("workflows/acts.py", "if chunk.people[place] == recipient", "if True")],
        [WORKFLOWS + "test_acknowledge.py::TestWaitFor"],
    ),
    Mutant(
        "cancel for some: a worker that holds them goes on",
        [("workflows/settle.py", "if any(acts for _, _, acts in rows) else NOBODY", "if False else NOBODY")],
        [WORKFLOWS + "test_retract_for.py::test_whom_a_worker_holds_at_this_moment_it_stops"],
    ),
    Mutant(
        "digest: what is in hand is due for others at once",
        [("workflows/closing.py", "wake_at=now + (lease or timedelta()),", "wake_at=now,")],
        [WORKFLOWS + "digests/test_in_hand.py"],
    ),
    Mutant(
        "digest: all that are due are sorted for each thousand",
        [("workflows/closing.py", "with rowset.in_order_of_index(connection), connection", "with connection")],
        ["tests/flows/test_plans.py::TestWhatIsDue"],
    ),
    Mutant(
        "digest: a crowd's events are in one window",
        [("workflows/collecting.py", "w.recipient_id, w.id FROM w", "w.recipient_id, 1 FROM w")],
        [WORKFLOWS + "digests/test_collecting.py"],
    ),
    Mutant(
        "silence: a step that is taken behind another does not ask",
        [("workflows/scene.py", "may_be_silenced=True)", "may_be_silenced=False)")],
        [WORKFLOWS + "test_silences.py"],
    ),
    Mutant(
        "mail: a title is markup",
        [("channels_delivery/mail/page.py", "_TITLE: escape(content.title)", "_TITLE: content.title")],
        [OUTBOX + "mail/test_page.py", OUTBOX + "mail/test_words.py"],
    ),
    Mutant(
        "people: two who put the same new one are in each other's way",
        [("notifications/directory.py", "ON CONFLICT (tenant_id, external_id) DO NOTHING RETURNING", "RETURNING")],
        ["tests/notifications/test_directory.py"],
    ),
    Mutant(
        "digest: PostgreSQL is told how many windows are looked up, and reads them all",
        [("notifications/kernel/rowset.py", '"(SELECT %s::{}[])" if sought else', '"%s::{}[]" if sought else')],
        ["tests/flows/test_plans.py::TestWhatIsDue::test_closing_a_thousand_digests_looks_at_their_windows_alone"],
    ),
    Mutant(
        "cancel: a run that failed was sent",
        [("workflows/retract.py", "(run.status == Status.PROCESSING and not walks(run))", "not walks(run)")],
        [WORKFLOWS + "test_retract.py::test_a_run_that_failed_stays_failed"],
    ),
    Mutant(
        "retention: what a run under way may look at goes too",
        [
            ("workflows/retention.py", "rows.filter(run__finished_at__lt=before)", "rows"),
            ("workflows/retention.py", "rows.filter(~Exists(walking))", "rows"),
        ],
        [WORKFLOWS + "test_retention.py::test_results_go_after_a_week_and_acts_after_three_months"],
    ),
    Mutant(
        "retention: a digest goes that has not been told",
        [("workflows/retention.py", "rows.filter(ended, closed=True, closes_at__lt=before)", "rows")],
        [WORKFLOWS + "test_retention.py"],
    ),
    Mutant(
        "dry run: teams are told once for each hour at which people come",
        [("workflows/radius.py", "told_too and scene.step not in self._posted", "told_too")],
        [WORKFLOWS + "test_onward.py::test_teams_are_told_once_however_many_hours_people_come_at"],
    ),
    Mutant(
        "sweep: all that are due are sorted for each look",
        [("workflows/claim.py", '.order_by("wake_at")', '.order_by("wake_at", "pk")')],
        ["tests/flows/test_sleepers.py"],
    ),
    Mutant(
        "preferences: the widest word counts",
        [("preferences/precedence.py", "enumerate(reversed(Width))", "enumerate(Width)")],
        [PREFERENCES + "test_precedence.py"],
    ),
    Mutant(
        "preferences: a lock comes after the person's choice",
        [("preferences/precedence.py", "for named in () if settled else", "for named in")],
        [PREFERENCES + "test_precedence.py"],
    ),
    Mutant(
        "preferences: what touches quiet hours is not joined to them",
        [("notifications/kernel/local_time.py", "if begin <= over < end)", "if begin < over < end)")],
        [PREFERENCES + "test_timing.py", PREFERENCES + "test_quiet_oracle.py"],
    ),
    Mutant(
        "preferences: a digest is put off again at its own time",
        [("preferences/timing.py", "zone=zone, since=since)),", "zone=zone, since=now)),")],
        [PREFERENCES + "test_timing.py"],
    ),
    Mutant(
        "preferences: two tabs overwrite each other",
        [("preferences/changing.py", "matching is not None and matching != before.etag()", "False")],
        [PREFERENCES + "test_api.py::TestTwoTabs"],
    ),
    Mutant(
        "policies: each is told on every channel at once",
        [("workflows/stages.py", "if min(policy.delay(channel), wait) == here:", "if True:")],
        [WORKFLOWS + "test_policies.py"],
    ),
    Mutant(
        "release: nobody asks whether they may still see it",
        [("workflows/releasing.py", "self._seen(self._unread(self._wanted()))", "self._unread(self._wanted())")],
        [WORKFLOWS + "test_releasing_again.py::TestObjects"],
    ),
    Mutant(
        "release: what the organisation insists on offers a link",
        [("workflows/releasing.py", "{row.pk} if why.rule in BOUND else set()", "set()")],
        [WORKFLOWS + "test_releasing_again.py::TestLinks"],
    ),
    Mutant(
        "chains: a workflow may cause itself",
        [("workflows/chain.py", "if workflow in chain:", "if False:")],
        [WORKFLOWS + "test_chain.py"],
    ),
    Mutant(
        "chains: who triggers out of a step stands behind nothing",
        [("workflows/steps/call.py", "tenant_id=scene.tenant_id) if people else ())", "tenant_id=0))")],
        [WORKFLOWS + "test_chain.py"],
    ),
    Mutant(
        "unsubscribe: any signature will do",
        [("preferences/unsubscribe/tokens.py", "if not any(matches) or", "if not data or")],
        [UNSUBSCRIBE + "test_tokens.py"],
    ),
    Mutant(
        "unsubscribe: a token can be written in several ways",
        [("preferences/unsubscribe/tokens.py", """ or urlsafe_b64encode(data).rstrip(b"=").decode() != token""", "")],
        [UNSUBSCRIBE + "test_tokens.py"],
    ),
    Mutant(
        "unsubscribe: whoever follows the link has unsubscribed",
        [
            ("preferences/web/unsubscribe.py", 'if request.method != "POST":', "if False:"),
            ("preferences/web/unsubscribe.py", "if request.POST.get(ONE_CLICK[0]) == ONE_CLICK[1]:", "if True:"),
        ],
        [UNSUBSCRIBE + "test_page.py"],
    ),
    Mutant(
        "unsubscribe: an undo is good for every link",
        [("preferences/unsubscribe/acting.py", 'salt=f"{_UNDO}.{token}"', "salt=_UNDO")],
        [UNSUBSCRIBE + "test_page.py"],
    ),
    Mutant(
        "unsubscribe: what is locked on offers a link",
        [("workflows/sending/links.py", "frozenset({Rule.CRITICAL, Rule.LOCK})", "frozenset({Rule.CRITICAL})")],
        [WORKFLOWS + "sending/test_links.py"],
    ),
]

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
