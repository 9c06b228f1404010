// This tab's place among the tabs: hears what the leading one says, or leads, and then talks to the server for all.

import { changes } from "./changes.js";
import { Refused } from "./http.js";
import { Link } from "./link.js";
import { Tabs } from "./tabs.js";
import { Watches } from "./watches.js";

/**
 * @typedef {import("./ledger.js").News} News
 * @typedef {object} Parts
 * @property {string} address  of the socket
 * @property {string} name     of the tabs that belong together
 * @property {string} tenant   that this page shows; unless known, the first one of the server's
 * @property {string} person   whose page it is, in that tenant; where that is known
 * @property {import("./http.js").Http} http
 * @property {import("./ledger.js").Ledger} ledger
 * @property {(news: News[]) => void} onNews
 */

const GAP = 250; // milliseconds for what is on its way to arrive, before something counts as missing
const ANSWER = 5_000;
const PULSE = 15_000;
const LOST = 45_000; // a leader that says nothing for so long is frozen
const NEW = 60_000;

export class Station {
  /** @type {import("./link.js").State} */
  state = "connecting";
  tenant;
  #parts;
  #tabs;
  /** @type {Link | null} in the tab that leads */
  #link = null;
  #heard = 0;
  #asked = Date.now();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pulse;
  #watches = new Watches();
  /** @type {Map<string, number>} */
  #resumes = new Map();

  /** @param {Parts} parts */
  constructor(parts) {
    this.#parts = parts;
    this.tenant = parts.tenant;
    this.#tabs = new Tabs(parts.name, { onMessage: (message) => this.#hear(message), onTurn: (leads) => this.#turn(leads) });
  }

  /** Begin, or go on after the page was put aside. */
  start = () => {
    if (this.#pulse !== undefined) return;
    this.#heard = Date.now();
    this.#tabs.start();
    this.say({ hi: true });
    document.addEventListener("visibilitychange", this.#visible);
    this.#pulse = setInterval(() => {
      if (this.#tabs.leads) this.say({ state: this.state });
      else if (!document.hidden && Date.now() - this.#heard > LOST) this.#tabs.take();
    }, PULSE);
  };

  stop = () => {
    for (const name of this.#watches.of(this.#tabs.id)) this.say({ unwatch: name, tab: this.#tabs.id });
    document.removeEventListener("visibilitychange", this.#visible);
    clearInterval(this.#pulse);
    this.#pulse = undefined;
    this.#turn(false);
    this.#tabs.stop();
  };

  /** To all other tabs. @param {Record<string, any>} message */
  say(message) {
    this.#tabs.say(message);
  }

  /** Ask now for what is new, where nobody tells. */
  poke() {
    if (this.#link) this.#link.poke();
    else this.say({ poke: true });
  }

  /** @param {Record<string, string>} object */
  watch(object) {
    const name = JSON.stringify({ watch: object, ...(this.tenant ? { tenant: this.tenant } : {}) });
    const say = (/** @type {Record<string, string>} */ message) => {
      this.say(message);
      this.#watch(message);
    };
    say({ watch: name, tab: this.#tabs.id });
    return () => say({ unwatch: name, tab: this.#tabs.id });
  }

  // -- tabs -----------------------------------------------------------------------------------------------------

  /** @param {boolean} leads */
  #turn(leads) {
    this.#link?.stop();
    this.#link = null;
    if (!leads) return;
    this.#link = new Link({
      address: this.#parts.address,
      renews: this.#parts.http.renews,
      protocols: async () => ["notifyhub.v1", ...(this.#parts.http.renews ? [`ticket.${await this.#parts.http.ticket()}`] : [])],
      poll: () => this.#poll(),
      isOurs: (frame) => this.#isOurs(frame),
      onFrame: (frame) => this.#lead(frame),
      onState: (state) => {
        this.#become(state);
        if (state === "signed-out") this.#tabs.rise();
        else this.say({ state });
      },
    });
    this.#link.start();
  }

  /** Signed out, a tab has left the lead to the others, who find out for themselves. It comes back when it is looked
   * at, and when another one gets through. */
  #again() {
    if (this.#tabs.sits) return;
    this.#tabs.sit();
    this.say({ hi: true });
  }

  #visible = () => document.hidden || this.#again();

  /** Whether the server takes us for who this page is about. @param {Record<string, any>} hello */
  #isOurs({ inboxes }) {
    const { tenant } = this;
    const is = (/** @type {any} */ one) => one.tenant === tenant && one.person?.id === this.#parts.person;
    return !this.#parts.person || inboxes.some(is);
  }

  /** From another tab. @param {Record<string, any>} message */
  #hear(message) {
    this.#heard = Date.now();
    if (message.frame) this.#take(message.frame, { relayed: true });
    if (message.shared) this.#tell([["shared", message.shared]]);
    if (message.state === "live" || message.state === "polling") this.#again();
    if (message.state && !this.#tabs.leads) this.#become(message.state);
    if (!this.#tabs.leads) return;
    if (message.hi) this.#welcome();
    if (message.poke) this.#link?.poke();
    if (message.resume) this.#ask(message.resume);
    this.#watch(message);
  }

  /** Tell a new tab where we are. */
  #welcome() {
    const inboxes = this.#parts.ledger.tenants
      .map((tenant) => ({ tenant, cursor: this.#parts.ledger.cursor(tenant), unread: this.#parts.ledger.unread(tenant) }))
      .filter(({ cursor }) => cursor !== null);
    this.say({ state: this.state, frame: { type: "hello", inboxes } });
  }

  /** Whoever begins to watch is to hear a first word, so the server is asked for each; not for those who say `again`
   * after a break. @param {Record<string, any>} message */
  #watch({ watch, unwatch, tab, again }) {
    if (watch && (this.#watches.add(watch, tab) || !again)) this.#sendWatch("watch", watch);
    if (unwatch && this.#watches.drop(unwatch, tab)) this.#sendWatch("unwatch", unwatch);
  }

  /** @param {string} type @param {string} name */
  #sendWatch(type, name) {
    this.#link?.send({ type, ...JSON.parse(name) });
  }

  // -- frames ---------------------------------------------------------------------------------------------------

  /** From the server: for this tab and all others. @param {Record<string, any>} frame */
  #lead(frame) {
    this.say({ frame });
    this.#take(frame);
    if (frame.type === "hello") for (const name of this.#watches.names) this.#sendWatch("watch", name);
  }

  /** @param {Record<string, any>} frame @param {{relayed?: boolean}} [how] */
  #take(frame, how) {
    if (frame.type === "hello") {
      this.tenant ||= frame.inboxes[0]?.tenant ?? "";
      for (const name of this.#watches.of(this.#tabs.id)) this.say({ watch: name, tab: this.#tabs.id, again: true });
    }
    this.#tell(this.#parts.ledger.take(frame, how));
  }

  /** @param {News[]} news */
  #tell(news) {
    this.#parts.onNews(news.filter(([name, { watch }]) => name !== "changed" || this.#isWatched(watch)));
    for (const [name, { tenant }] of news) if (name === "resync") this.#resume(tenant);
  }

  /** @param {Record<string, string>} object */
  #isWatched(object) {
    const text = JSON.stringify(object);
    return this.#watches.of(this.#tabs.id).some((name) => JSON.stringify(JSON.parse(name).watch) === text);
  }

  /** Something may be missing. Ask, unless it arrives by itself. @param {Record<string, any>} detail */
  behind({ tenant, expected, then, now }) {
    const look = () => this.#parts.ledger.misses(tenant, expected, then) && this.#resume(tenant);
    if (now) look();
    else setTimeout(look, GAP);
  }

  /** @param {string} tenant */
  #resume(tenant) {
    const cursor = this.#parts.ledger.cursor(tenant);
    this.#parts.ledger.resuming(tenant);
    setTimeout(() => this.#parts.ledger.resuming(tenant, false), ANSWER);
    if (this.#tabs.leads) this.#ask({ tenant, cursor });
    else this.say({ resume: { tenant, cursor } });
  }

  /** Ask the server, for whichever tab; for several at the same place once. @param {Record<string, any>} place */
  async #ask({ tenant, cursor }) {
    const key = `${tenant} ${cursor}`;
    if (performance.now() - (this.#resumes.get(key) ?? -Infinity) < GAP) return;
    this.#resumes = new Map([[key, performance.now()]]);
    if (this.#link?.send({ type: "resume", tenant, cursor })) return;
    if (this.state === "polling") await this.#changes(tenant, cursor).catch(() => {});
  }

  /** @returns {Promise<"there" | "away" | "refused">} */
  async #poll() {
    try {
      await this.#changes(this.tenant, this.#parts.ledger.cursor(this.tenant));
    } catch (error) {
      return error instanceof Refused && [401, 403].includes(error.status) ? "refused" : "away";
    }
    for (const name of this.#watches.names) this.#lead({ type: "changed", watch: JSON.parse(name).watch });
    return "there";
  }

  /** @param {string} tenant @param {string | null} cursor */
  async #changes(tenant, cursor) {
    const since = this.#asked - NEW;
    const isNew = (/** @type {any} */ item) =>
      item.state === "active" && item.read === false && Date.parse(item.created_at) > since;
    const frames = await changes(this.#parts.http, { tenant, person: this.#parts.person, cursor }, isNew);
    this.#asked = Date.now();
    this.#parts.ledger.resuming(tenant);
    for (const frame of frames) this.#lead(frame);
  }

  /** @param {import("./link.js").State} state */
  #become(state) {
    if (state === this.state) return;
    this.state = state;
    this.#tell([["state", { state }]]);
  }
}
