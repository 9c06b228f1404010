// Live updates for any front end: what is new in somebody's inbox, in every tab within a moment, over one connection
// per browser. `<nh-bell>` and `<nh-toasts>` are built on it, and so can be anything else:
//
//   import { live } from "/static/notifyhub/live.js";
//   const hub = live();                                  // settings from a tag on the page, or `live({base, token})`
//   hub.addEventListener("nh:item", ({ detail }) => console.log(detail.item.title));
//   hub.connect();
//
// Events (`event.detail`; those about an inbox say whose, by `tenant`):
//   nh:item     {tenant, item}              a new item; each once, in order
//   nh:update   {tenant, item, guess}       an item is as said now; of one that is gone only `id` and `state`.
//                                           `guess`: we expect it, the server has not said so yet
//               {tenant, read_upto}         everything in these tabs is read up to now
//   nh:unread   {tenant, unread}            `{count, capped, by_tab}`, exact up to 99
//   nh:toast    {tenant, toast}             `{id, seconds, level, title, body?, url?, actions?}`; `seconds` 0: until closed
//   nh:changed  {watch}                     a watched object has changed, `{run: id}`
//   nh:resync   {tenant}                    too much happened meanwhile: load anew what is shown
//   nh:refused  {verb, ids, status, detail} what a person did was not done; it was taken back on the screen
//   nh:state    {state}                     connecting, live, polling, offline, signed-out
//   nh:shared   {…}                         what `share` was called with in another tab
//
// Works without eval and inline code, and sets no HTML.

import { Http, Refused } from "./live/http.js";
import { isAfter, Ledger } from "./live/ledger.js";
import { Tabs } from "./live/tabs.js";
import { Watches } from "./live/watches.js";

/**
 * @typedef {import("./live/ledger.js").Item} Item
 * @typedef {import("./live/ledger.js").Unread} Unread
 * @typedef {import("./live/ledger.js").Guess} Guess
 * @typedef {import("./live/http.js").Token} Token
 * @typedef {object} Options
 * @property {string} [base]    where the hub is, if not at the page's own origin: `https://hub.example.com`
 * @property {string} [api]     path of the API, `/api/v1/`
 * @property {string} [socket]  path of the socket, `/ws/notifications/`
 * @property {string} [user]    opaque name of who is signed in: tabs of one user share a connection
 * @property {string} [tenant]  slug of the tenant whose inbox the page shows
 * @property {string} [cursor]  where that inbox stood when the page was made
 * @property {Unread} [unread]  its number then
 * @property {Item[]} [items]   what the page shows of it
 * @property {string} [csrf]    for pages with a session of the hub
 * @property {() => Promise<Token>} [token]  for pages of another origin: mints a token of the person
 */

const GAP = 250; // milliseconds for what is on its way to arrive, before something counts as missing
const ANSWER = 5_000;
const PULSE = 15_000;
const LOST = 45_000; // a leader that says nothing for so long is frozen
const NEW = 60_000;

/** @type {Map<string, Live>} */
const open = new Map();

/** What only the leading tab needs, fetched by all once they have painted: when it is their turn, the network may be
 * away. */
async function machinery() {
  for (;;) {
    try {
      return await import("./live/link.js");
    } catch {
      await new Promise((resolve) => setTimeout(resolve, PULSE));
    }
  }
}

/** The one for this user on this page. Without options, those of the first `script[data-nh-config]`.
 * @param {Options} [options] @returns {Live} */
export function live(options = pageOptions()) {
  const key = [options.base ?? "", options.user ?? "", options.tenant ?? ""].join("|");
  const found = open.get(key);
  if (found) found.learn(options.items ?? []);
  else open.set(key, new Live(options));
  return /** @type {Live} */ (open.get(key));
}

/** What the template tags say to all elements of a page. @returns {Options} */
export function pageOptions() {
  const script = document.querySelector("script[data-nh-config]");
  return script ? JSON.parse(script.textContent ?? "{}") : {};
}

export class Live extends EventTarget {
  #options;
  #ledger = new Ledger();
  #http;
  #tabs;
  /** @type {import("./live/link.js").Link | null} in the tab that leads */
  #link = null;
  #users = 0;
  /** @type {import("./live/link.js").State} */
  #state = "connecting";
  #tenant;
  #heard = 0;
  #asked = Date.now();
  #shown = "";
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pulse;
  #watches = new Watches();
  /** @type {Map<string, number>} */
  #resumes = new Map();

  /** Prefer `live()`, which has one for all elements of a page. @param {Options} options */
  constructor(options) {
    super();
    const { base = location.origin, api = "/api/v1/", socket = "/ws/notifications/", user = "", token, csrf } = options;
    const address = new URL(socket, base);
    address.protocol = address.protocol.replace("http", "ws");
    this.#options = { ...options, address: address.href };
    this.#http = new Http({ api: new URL(api, base).href, csrf, token });
    this.#tabs = new Tabs(`nh:${address.href}:${user}`, { onMessage: this.#hear, onTurn: this.#turn });
    this.#tenant = options.tenant ?? "";
    if (this.#tenant) this.#ledger.begin(this.#tenant, options);
  }

  /** The tenant whose inbox this page shows. */
  get tenant() {
    return this.#tenant;
  }

  /** The unread number to show now. @returns {Unread} */
  get unread() {
    return this.#ledger.unread(this.#tenant);
  }

  /** How news come now. */
  get state() {
    return this.#state;
  }

  /** Begin, for one more user of this object. Each calls `close` once. */
  connect() {
    if (this.#users++ > 0) return;
    addEventListener("pagehide", this.#pause);
    addEventListener("pageshow", this.#unpause);
    this.#unpause();
  }

  /** One user less; the last one ends the connection. */
  close() {
    if (this.#users === 0 || --this.#users > 0) return;
    removeEventListener("pagehide", this.#pause);
    removeEventListener("pageshow", this.#unpause);
    this.#pause();
  }

  // -- what a person does ---------------------------------------------------------------------------------------
  // Shown at once, in the number as well; taken back with `nh:refused` if the server does not do it. All answer
  // whether it was done.

  /** @param {string[]} ids of items */
  markRead(ids) {
    return this.#change("read", ids, { read: true });
  }

  /** @param {string[]} ids */
  markUnread(ids) {
    return this.#change("unread", ids, { read: false });
  }

  /** @param {string[]} ids */
  archive(ids) {
    return this.#change("archive", ids, { state: "archived" });
  }

  /** @param {string[]} ids */
  unarchive(ids) {
    return this.#change("unarchive", ids, { state: "active" });
  }

  /** Everything there is now, in one tab or in all. @param {string | null} [tab] */
  readAll(tab = null) {
    const guess = { tab, now: { read: true } };
    return this.#do("read-all", [], guess, () => [this.#http.post("inbox/read-all/", tab ? { tab } : {})]);
  }

  /** Say what a page shows, so that numbers can be foreseen. @param {Item[]} items */
  learn(items) {
    this.#ledger.learn(this.#tenant, items);
  }

  /** A page of the inbox, newest first. The filters are those of `GET inbox/`. @param {Record<string, any>} [filters]
   * @returns {Promise<Item[]>} */
  async load(filters = {}) {
    const { results } = await this.#http.get("inbox/", filters);
    this.learn(results);
    return results;
  }

  /** Hear of every change of an object by `nh:changed`: `watch({run: id})`. What it answers ends it.
   * @param {Record<string, string>} object */
  watch(object) {
    const name = JSON.stringify(object);
    const say = (/** @type {Record<string, string>} */ message) => {
      this.#tabs.say(message);
      this.#watch(message);
    };
    say({ watch: name, tab: this.#tabs.id });
    return () => say({ unwatch: name, tab: this.#tabs.id });
  }

  /** Tell the other tabs of this user something, by `nh:shared`. @param {Record<string, unknown>} what */
  share(what) {
    this.#tabs.say({ shared: what });
  }

  /** Ask now for what is new, where nobody tells. */
  poke() {
    if (this.#link) this.#link.poke();
    else this.#tabs.say({ poke: true });
  }

  /** @param {string} verb @param {string[]} ids @param {Partial<Item>} now */
  #change(verb, ids, now) {
    return this.#do(verb, ids, { ids: new Set(ids), now }, () => ids.map((id) => this.#http.post(`inbox/${id}/${verb}/`)));
  }

  /** @param {string} verb @param {string[]} ids @param {Guess} guess @param {() => Promise<any>[]} ask */
  async #do(verb, ids, guess, ask) {
    const tenant = this.#tenant;
    this.#tell(this.#ledger.expect(tenant, guess));
    try {
      const answers = await Promise.all(ask());
      const last = answers.reduce((one, other) => (isAfter(one.cursor, other.cursor) ? one : other), {});
      this.#tell(this.#ledger.made(tenant, guess, last));
      this.poke();
      return true;
    } catch (error) {
      const { status = 0, message = "" } = error instanceof Refused ? error : {};
      this.#tell(this.#ledger.refused(tenant, guess));
      this.#tell([["refused", { verb, ids, status, detail: message }]]);
      return false;
    }
  }

  // -- tabs -----------------------------------------------------------------------------------------------------

  #unpause = () => {
    if (this.#pulse !== undefined) return;
    this.#heard = Date.now();
    requestAnimationFrame(() => setTimeout(machinery));
    this.#tabs.start();
    this.#tabs.say({ hi: true });
    this.#pulse = setInterval(() => {
      if (this.#tabs.leads) this.#tabs.say({ state: this.#state });
      else if (!document.hidden && Date.now() - this.#heard > LOST) this.#tabs.take();
    }, PULSE);
  };

  #pause = () => {
    for (const name of this.#watches.of(this.#tabs.id)) this.#tabs.say({ unwatch: name, tab: this.#tabs.id });
    clearInterval(this.#pulse);
    this.#pulse = undefined;
    this.#turn(false);
    this.#tabs.stop();
  };

  /** @param {boolean} leads */
  #turn = async (leads) => {
    this.#link?.stop();
    this.#link = null;
    if (!leads) return;
    const { Link } = await machinery();
    if (this.#link || !this.#tabs.leads) return;
    this.#link = new Link({
      address: this.#options.address,
      renews: this.#http.renews,
      protocols: async () => ["notifyhub.v1", ...(this.#http.renews ? [`ticket.${await this.#http.ticket()}`] : [])],
      poll: () => this.#poll(),
      onFrame: (frame) => this.#lead(frame),
      onState: (state) => {
        this.#tabs.say({ state });
        this.#become(state);
      },
    });
    this.#link.start();
  };

  /** From another tab. @param {Record<string, any>} message */
  #hear = (message) => {
    this.#heard = Date.now();
    if (message.frame) this.#take(message.frame, { relayed: true });
    if (message.shared) this.#tell([["shared", message.shared]]);
    if (message.state && !this.#tabs.leads) this.#become(message.state);
    if (!this.#tabs.leads) return;
    if (message.hi) this.#welcome();
    if (message.poke) this.#link?.poke();
    if (message.resume) this.#ask(message.resume);
    this.#watch(message);
  };

  /** Tell a new tab where we are. */
  #welcome() {
    const inboxes = this.#ledger.tenants
      .map((tenant) => ({ tenant, cursor: this.#ledger.cursor(tenant), unread: this.#ledger.unread(tenant) }))
      .filter(({ cursor }) => cursor !== null);
    this.#tabs.say({ state: this.#state, frame: { type: "hello", inboxes } });
  }

  /** @param {Record<string, any>} message */
  #watch({ watch, unwatch, tab }) {
    if (watch && this.#watches.add(watch, tab)) this.#sendWatch("watch", watch);
    if (unwatch && this.#watches.drop(unwatch, tab)) this.#sendWatch("unwatch", unwatch);
  }

  /** @param {string} type @param {string} name */
  #sendWatch(type, name) {
    this.#link?.send({ type, watch: JSON.parse(name), ...(this.#tenant ? { tenant: this.#tenant } : {}) });
  }

  // -- frames ---------------------------------------------------------------------------------------------------

  /** From the server: for this tab and all others. @param {Record<string, any>} frame */
  #lead(frame) {
    this.#tabs.say({ frame });
    this.#take(frame);
    if (frame.type === "hello") for (const name of this.#watches.names) this.#sendWatch("watch", name);
  }

  /** @param {Record<string, any>} frame @param {{relayed?: boolean}} [how] */
  #take(frame, how) {
    if (frame.type === "hello") {
      this.#tenant ||= frame.inboxes[0]?.tenant ?? "";
      for (const name of this.#watches.of(this.#tabs.id)) this.#tabs.say({ watch: name, tab: this.#tabs.id });
    }
    this.#tell(this.#ledger.take(frame, how));
  }

  /** @param {import("./live/ledger.js").News[]} news */
  #tell(news) {
    for (const [name, detail] of news) {
      if (name === "behind") this.#behind(detail);
      else if (name === "changed" && !this.#watches.of(this.#tabs.id).includes(JSON.stringify(detail.watch))) continue;
      else if (name === "unread" && this.#isOld(detail)) continue;
      else this.dispatchEvent(new CustomEvent(`nh:${name}`, { detail }));
      if (name === "resync") this.#resume(detail.tenant);
    }
  }

  /** @param {Record<string, any>} detail */
  #isOld(detail) {
    if (detail.tenant !== this.#tenant) return false;
    const text = JSON.stringify(detail.unread);
    const same = text === this.#shown;
    this.#shown = text;
    return same;
  }

  /** Something may be missing. Ask, unless it arrives by itself. @param {Record<string, any>} detail */
  #behind({ tenant, expected, then, now }) {
    const look = () => this.#ledger.misses(tenant, expected, then) && this.#resume(tenant);
    if (now) look();
    else setTimeout(look, GAP);
  }

  /** @param {string} tenant */
  #resume(tenant) {
    const cursor = this.#ledger.cursor(tenant);
    this.#ledger.resuming(tenant);
    setTimeout(() => this.#ledger.resuming(tenant, false), ANSWER);
    if (this.#tabs.leads) this.#ask({ tenant, cursor });
    else this.#tabs.say({ resume: { tenant, cursor } });
  }

  /** Ask the server, for whichever tab; for several at the same place once. @param {Record<string, any>} place */
  async #ask({ tenant, cursor }) {
    const key = `${tenant} ${cursor}`;
    if (performance.now() - (this.#resumes.get(key) ?? -Infinity) < GAP) return;
    this.#resumes = new Map([[key, performance.now()]]);
    if (this.#link?.send({ type: "resume", tenant, cursor })) return;
    if (this.#state === "polling") await this.#changes(tenant, cursor).catch(() => {});
  }

  /** @returns {Promise<"there" | "away" | "refused">} */
  async #poll() {
    try {
      await this.#changes(this.#tenant, this.#ledger.cursor(this.#tenant));
    } catch (error) {
      return error instanceof Refused && [401, 403].includes(error.status) ? "refused" : "away";
    }
    for (const name of this.#watches.names) this.#lead({ type: "changed", watch: JSON.parse(name) });
    return "there";
  }

  /** @param {string} tenant @param {string | null} cursor */
  async #changes(tenant, cursor) {
    const since = this.#asked - NEW;
    const isNew = (/** @type {any} */ item) =>
      item.state === "active" && item.read === false && Date.parse(item.created_at) > since;
    const { changes } = await machinery();
    const frames = await changes(this.#http, tenant, cursor, isNew);
    this.#asked = Date.now();
    this.#ledger.resuming(tenant);
    for (const frame of frames) this.#lead(frame);
  }

  /** @param {import("./live/link.js").State} state */
  #become(state) {
    if (state === this.#state) return;
    this.#state = state;
    this.#tell([["state", { state }]]);
  }
}
