// The list behind <nh-bell>. It shows what it is told to and says what was done; bell.js knows what is new.

import { fill, icon, levelOf, make, safe } from "./look.js";

/** @typedef {import("./live.js").Item} Item */
/**
 * @typedef {object} Told
 * @property {HTMLElement} bell
 * @property {Record<string, string>} [words]
 * @property {(item: Item, event: Event) => void} onFollow
 * @property {() => void} onFresh
 * @property {() => void} onReadAll
 */

const WORDS = {
  title: "Notifications",
  unread: "unread",
  readAll: "Mark all read",
  empty: "Nothing yet. What concerns you will show up here.",
  inbox: "Open the inbox",
  settings: "Settings",
  fresh: "{n} new",
  gone: "Not in the inbox any more",
  offline: "You are offline. This is what was known.",
  signedOut: "You are signed out. Reload the page to go on.",
};
const GONE = new Set(["archived", "withdrawn", "superseded", "deleted", "snoozed"]);
const TICK = 30_000;

export class BellPanel {
  #told;
  #words;
  /** @type {Record<string, any>} */
  #config = {};
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  #readAll;
  #fresh;
  #list = make("ul", { part: "list", class: "list" });
  #empty;
  #note = make("p", { part: "note", class: "note", hidden: true });
  #inbox;
  #settings;

  /** @param {Told} told */
  constructor(told) {
    this.#told = told;
    const words = (this.#words = { ...WORDS, ...told.words });
    this.#readAll = make("button", { part: "read-all", class: "quiet", type: "button", onclick: told.onReadAll }, words.readAll);
    this.#fresh = make("button", { part: "fresh", class: "fresh", type: "button", hidden: true, onclick: told.onFresh });
    this.#empty = make("p", { part: "empty", class: "empty", hidden: true }, words.empty);
    this.#inbox = make("a", { part: "inbox", class: "quiet", hidden: true }, words.inbox);
    this.#settings = make("a", { part: "settings", class: "quiet", hidden: true }, words.settings);
    this.element = make(
      "div",
      { part: "panel", id: "panel", class: "panel nh-bell__panel", role: "dialog", "aria-labelledby": "title", hidden: true },
      make("div", { part: "head", class: "head" }, make("h2", { part: "title", id: "title" }, words.title), this.#readAll),
      make("div", { class: "middle" }, this.#fresh, this.#list, this.#empty),
      this.#note,
      make("div", { part: "foot", class: "foot" }, this.#inbox, this.#settings),
    );
  }

  /** Where its links lead. @param {Record<string, any>} config */
  address(config) {
    this.#config = config;
    for (const [link, name] of /** @type {[HTMLElement, string][]} */ ([[this.#inbox, "inbox"], [this.#settings, "settings"]])) {
      const href = this.#address(name);
      link.hidden = !href;
      if (href) link.setAttribute("href", href);
    }
  }

  /** Beside the button, where there is room. @param {HTMLElement} button */
  show(button) {
    this.element.hidden = false;
    const box = button.getBoundingClientRect();
    const room = getComputedStyle(button).direction === "rtl" ? innerWidth - box.left : box.right;
    this.element.classList.toggle("from-start", room < this.element.offsetWidth + 8);
    this.element.style.setProperty("--below", `${Math.round(box.bottom + 6)}px`);
    this.#ticking = setInterval(() => this.#tellTimes(), TICK);
  }

  hide() {
    this.element.hidden = true;
    clearInterval(this.#ticking);
  }

  /** @param {number} unread */
  count(unread) {
    /** @type {HTMLButtonElement} */ (this.#readAll).disabled = unread === 0;
  }

  /** How many came meanwhile, and what is wrong with the connection. @param {number} fresh @param {string} [state] */
  remark(fresh, state) {
    this.#fresh.hidden = fresh === 0;
    this.#fresh.textContent = fill(this.#words.fresh, { n: fresh });
    this.complain(state === "offline" ? this.#words.offline : state === "signed-out" ? this.#words.signedOut : "");
  }

  /** @param {string} text */
  complain(text) {
    this.#note.textContent = text;
    this.#note.hidden = text === "";
  }

  /** Rows that are the same stay the same elements, and the focus stays where it is. @param {Item[]} items
   * @param {boolean} known whether that is all there is */
  render(items, known) {
    const focused = /** @type {ShadowRoot} */ (this.element.getRootNode()).activeElement?.getAttribute?.("data-id");
    const before = new Map([...this.#list.children].map((row) => [row.getAttribute("data-id"), row]));
    const rows = items.map((item) => {
      const row = this.#row(item);
      row.setAttribute("data-id", item.id);
      const old = before.get(item.id);
      if (!old?.isEqualNode(row)) return row;
      const link = old.querySelector(".link");
      if (link) this.#leads(link, item);
      return old;
    });
    this.#list.replaceChildren(...rows);
    this.#empty.hidden = rows.length > 0 || !known;
    if (focused) /** @type {HTMLElement | null} */ (this.#list.querySelector(`a[data-id="${CSS.escape(focused)}"]`))?.focus();
  }

  /** To the newest. */
  first() {
    this.#list.scrollTop = 0;
    this.#list.querySelector("a")?.focus();
  }

  /** Along the list. Whether the key meant that. @param {string} key @param {HTMLElement} button */
  step(key, button) {
    const links = [...this.#list.querySelectorAll("a")];
    const focused = /** @type {ShadowRoot} */ (this.element.getRootNode()).activeElement;
    const at = links.findIndex((link) => link === focused);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: links.length - 1 }[key];
    if (to === undefined || links.length === 0 || (at < 0 && key !== "ArrowDown")) return false;
    if (to < 0) button.focus();
    else links[Math.min(to, links.length - 1)].focus();
    return true;
  }

  /** @param {Item} item */
  #row(item) {
    const gone = GONE.has(item.state ?? "");
    const unread = item.read === false && !gone;
    const href = gone ? "" : this.#target(item);
    const link = make(
      href ? "a" : "span",
      { part: "link", class: "link", href: href || null, "data-id": item.id, rel: "noreferrer" },
      make(
        "span",
        { class: "name", dir: "auto" },
        item.title ?? "",
        unread && make("span", { class: "unseen" }, ` (${this.#words.unread})`),
      ),
    );
    if (!gone) this.#leads(link, item);
    const time = make("time", { datetime: item.created_at ?? "" }, this.#ago(item.created_at));
    const meta = gone ? [this.#words.gone] : item.actor ? [make("bdi", {}, item.actor), " · ", time] : [time];
    const classes = [levelOf(item), unread && "unread", gone && "gone"].filter(Boolean).join(" ");
    return make(
      "li",
      { part: "item", class: `row ${classes}` },
      make("span", { class: "level" }, icon(item.icon ?? levelOf(item), this.#config.icons, levelOf(item))),
      link,
      make("span", { part: "meta", class: "meta" }, ...meta),
    );
  }

  /** @param {Element} link @param {Item} item */
  #leads(link, item) {
    const anchor = /** @type {HTMLElement} */ (link);
    anchor.onclick = (event) => this.#told.onFollow(item, event);
    anchor.onauxclick = (event) => event.button === 1 && this.#told.onFollow(item, event);
  }

  #tellTimes() {
    for (const time of this.#list.querySelectorAll("time")) time.textContent = this.#ago(time.dateTime);
  }

  /** @param {string} [moment] */
  #ago(moment) {
    const language = this.#told.bell.closest("[lang]")?.getAttribute("lang") || navigator.language;
    return moment ? ago(moment, language, this.#config.zone || undefined) : "";
  }

  /** @param {Item} item */
  #target(item) {
    const page = this.#address("item").replace(/\{id\}|%7Bid%7D/, item.id);
    const url = safe(item.url, this.#config.base ?? location.href);
    return this.#told.bell.getAttribute("links") === "target" ? url || page : page || url;
  }

  /** @param {string} name */
  #address(name) {
    const given = this.#told.bell.getAttribute(name) ?? this.#config.pages?.[name];
    return safe(given, this.#config.base ?? location.href);
  }
}

/** "5 min. ago" while that says more than a clock. @param {string} moment ISO 8601 @param {string} language
 * @param {string} [zone] */
function ago(moment, language, zone) {
  const minutes = Math.min(Math.floor((Date.parse(moment) - Date.now()) / 60_000) + 1, 0);
  const relative = new Intl.RelativeTimeFormat(language, { numeric: "auto", style: "short" });
  if (minutes === 0) return relative.format(0, "second");
  if (minutes > -60) return relative.format(minutes, "minute");
  if (minutes > -24 * 60) return relative.format(Math.trunc(minutes / 60), "hour");
  const near = new Date().getFullYear() === new Date(moment).getFullYear();
  return new Intl.DateTimeFormat(language, {
    day: "numeric",
    month: "short",
    ...(near ? { hour: "2-digit", minute: "2-digit" } : { year: "numeric" }),
    timeZone: zone,
  }).format(new Date(moment));
}

export const STYLE = `
.panel { position: absolute; z-index: 20; inset-block-start: calc(100% + 8px); inset-inline-end: 0; display: flex; flex-direction: column; inline-size: min(var(--nh-panel-width, 380px), calc(100vw - 24px)); max-block-size: min(620px, calc(100dvh - var(--below, 80px) - 12px)); border: 1px solid var(--line); border-radius: 12px; background: var(--ground); box-shadow: var(--shadow); text-align: start; overflow: clip; }
.panel.from-start { inset-inline: 0 auto; }
.head { display: flex; align-items: center; justify-content: space-between; flex: none; min-block-size: 52px; padding-inline: 16px 8px; border-block-end: 1px solid var(--line); }
h2 { margin: 0; font-size: 1rem; line-height: 1.35; font-weight: 620; }
.middle { position: relative; display: flex; flex-direction: column; min-block-size: 0; border-block-end: 1px solid var(--line); }
.list { margin: 0; padding: 0; list-style: none; overflow-y: auto; overscroll-behavior: contain; }
.row { position: relative; display: grid; grid-template-columns: 36px minmax(0, 1fr); column-gap: 12px; padding: 11px 16px; overflow-wrap: anywhere; }
.row + .row { border-block-start: 1px solid var(--line); }
.row:hover { background: var(--hover); }
.level { grid-row: span 2; }
.row:not(.unread) .level { opacity: 0.8; }
.link { display: block; color: var(--ink); font-size: 0.875rem; line-height: 1.35; text-decoration: none; }
.link::after { content: ""; position: absolute; inset: 0; border-radius: 6px; }
.link:focus-visible { outline: 0; }
.link:focus-visible::after { outline: 2px solid var(--accent); outline-offset: -3px; }
.name { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 2; line-clamp: 2; overflow: hidden; text-align: start; }
.unread .name { font-weight: 650; }
.unread::before { content: ""; position: absolute; inset-block-start: 25px; inset-inline-start: 5px; inline-size: 7px; block-size: 7px; border-radius: 50%; background: var(--accent); }
.gone .name { color: var(--soft); text-decoration: line-through; }
.meta { color: var(--soft); font-size: 0.8125rem; min-inline-size: 0; }
.meta :is(bdi, time) { unicode-bidi: plaintext; }
.empty { margin: 0; padding: 28px 20px; color: var(--soft); text-align: center; text-wrap: pretty; }
.fresh { position: absolute; z-index: 1; inset-block-start: -14px; inset-inline: 0; inline-size: max-content; margin-inline: auto; min-block-size: 28px; padding: 1px 14px; border-radius: 99px; background: var(--accent); color: var(--nh-accent-ink, light-dark(#ffffff, #0d1433)); font-weight: 600; font-size: 0.8125rem; box-shadow: var(--shadow); }
.note { margin: 0; padding: 8px 16px; background: var(--nh-warning-soft, light-dark(#fcefd6, #362810)); color: var(--nh-warning, light-dark(#8a5200, #f0bd67)); font-size: 0.8125rem; }
.foot { display: flex; flex: none; align-items: center; justify-content: space-between; gap: 8px; padding: 5px 8px; }
.foot a { flex: 1; }
@media (max-width: 600px) { .panel, .panel.from-start { position: fixed; inset-inline: 12px; inset-block-start: var(--below, 64px); inline-size: auto; } }
`;
