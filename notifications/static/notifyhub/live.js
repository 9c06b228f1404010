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

/**
 * @typedef {import("./live/ledger.js").Item} Item
 * @typedef {import("./live/ledger.js").Unread} Unread
 * @typedef {import("./live/ledger.js").Guess} Guess
 * @typedef {import("./live/http.js").Token} Token
 * @typedef {import("./live/station.js").Station} Station
 * @typedef {object} Options
 * @property {string} [base]    where the hub is, if not at the page's own origin: `https://hub.example.com`
 * @property {string} [api]     path of the API, `/api/v1/`
 * @property {string} [socket]  path of the socket, `/ws/notifications/`
 * @property {string} [user]    opaque name of who is signed in: tabs of one user share a connection
 * @property {string} [tenant]  slug of the tenant whose inbox the page shows
 * @property {string} [person]  their id there, so that a connection of who signed in since is not taken for theirs
 * @property {string} [cursor]  where that inbox stood when the page was made
 * @property {Unread} [unread]  its number then
 * @property {Item[]} [items]   what the page shows of it
 * @property {string} [csrf]    for pages with a session of the hub
 * @property {() => Promise<Token>} [token]  for pages of another origin: mints a token of the person
 */

const AGAIN = 5_000; // milliseconds until a file that could not be fetched is asked for again

/** @type {Map<string, Live>} */
const open = new Map();

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
  #ledger = new Ledger();
  #http;
  #tenant;
  #parts;
  /** @type {Station | null} */
  #station = null;
  /** @type {((station: Station) => void)[]} what is to be done once it is there */
  #waiting = [];
  #users = 0;
  #shown = "";

  /** Prefer `live()`, which has one for all elements of a page. @param {Options} options */
  constructor(options) {
    super();
    const { base = location.origin, api = "/api/v1/", socket = "/ws/notifications/", tenant = "", person = "", user = "" } = options;
    const address = new URL(socket, base);
    address.protocol = address.protocol.replace("http", "ws");
    this.#http = new Http({ api: new URL(api, base).href, csrf: options.csrf, token: options.token });
    this.#tenant = tenant;
    this.#parts = { address: address.href, person, name: `nh:${address.href}:${user}`, http: this.#http, ledger: this.#ledger };
    if (tenant) this.#ledger.begin(tenant, options);
  }

  /** The tenant whose inbox this page shows. */
  get tenant() {
    return this.#tenant || this.#station?.tenant || "";
  }

  /** The unread number to show now. @returns {Unread} */
  get unread() {
    return this.#ledger.unread(this.tenant);
  }

  /** How news come now. */
  get state() {
    return this.#station?.state ?? "connecting";
  }

  /** Begin, for one more user of this object, once the page has been painted. Each calls `close` once. */
  connect() {
    if (this.#users++ > 0) return;
    addEventListener("pagehide", this.#stop);
    addEventListener("pageshow", this.#start);
    if (this.#station) this.#start();
    else requestAnimationFrame(() => setTimeout(() => this.#fetch()));
  }

  /** One user less; the last one ends the connection. */
  close() {
    if (this.#users === 0 || --this.#users > 0) return;
    removeEventListener("pagehide", this.#stop);
    removeEventListener("pageshow", this.#start);
    this.#stop();
  }

  #start = () => this.#station?.start();
  #stop = () => this.#station?.stop();

  /** What is needed for the connection, which is not needed for a first picture. */
  async #fetch() {
    const file = await import("./live/station.js").catch(() => null);
    if (!file) return void setTimeout(() => this.#fetch(), AGAIN);
    if (this.#station) return;
    const station = new file.Station({ ...this.#parts, tenant: this.#tenant, onNews: (news) => this.#tell(news) });
    this.#station = station;
    if (this.#users > 0) station.start();
    for (const waiting of this.#waiting.splice(0)) waiting(station);
  }

  /** @param {(station: Station) => void} what */
  #once(what) {
    if (this.#station) what(this.#station);
    else this.#waiting.push(what);
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
    this.#ledger.learn(this.tenant, items);
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
    let end = () => {};
    this.#once((station) => (end = station.watch(object)));
    return () => this.#once(() => end());
  }

  /** Tell the other tabs of this user something, by `nh:shared`. @param {Record<string, unknown>} what */
  share(what) {
    this.#once((station) => station.say({ shared: what }));
  }

  /** Ask now for what is new, where nobody tells. */
  poke() {
    this.#station?.poke();
  }

  /** @param {string} verb @param {string[]} ids @param {Partial<Item>} now */
  #change(verb, ids, now) {
    return this.#do(verb, ids, { ids: new Set(ids), now }, () => ids.map((id) => this.#http.post(`inbox/${id}/${verb}/`)));
  }

  /** @param {string} verb @param {string[]} ids @param {Guess} guess @param {() => Promise<any>[]} ask */
  async #do(verb, ids, guess, ask) {
    const { tenant } = this;
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

  /** @param {import("./live/ledger.js").News[]} news */
  #tell(news) {
    for (const [name, detail] of news) {
      if (name === "behind") this.#station?.behind(detail);
      else if (name !== "unread" || !this.#isOld(detail)) this.dispatchEvent(new CustomEvent(`nh:${name}`, { detail }));
    }
  }

  /** @param {Record<string, any>} detail */
  #isOld(detail) {
    if (detail.tenant !== this.tenant) return false;
    const text = JSON.stringify(detail.unread);
    const same = text === this.#shown;
    this.#shown = text;
    return same;
  }
}
