// <nh-toasts>: words on the screen for those who are there now, in a stack that never grows tall.
//
//   {% notifyhub_toasts %}  or  {% notifyhub_toasts items=True %}      on a Django page, once, anywhere in its body
//   <nh-toasts base="https://hub.example.com" token-url="/notifyhub-token/"></nh-toasts>     elsewhere
//
// Attributes
//   items       new items of the inbox are shown as well, and go when they are read somewhere
//   place       "bottom-end" unless said; "bottom-start", "top-end", "top-start"
//   inbox, item, base, token-url, user   as with <nh-bell>
// Properties    token: a function instead of `token-url`; live: the `Live` behind it
// Methods       add({title, body?, level?, seconds?, url?, actions?, id?}): a toast of the page's own; dismiss(id)
// Events        nh:toast-open, nh:toast-close {toast}
// Parts         stack, toast, title, body, action, close, progress, more
// Custom properties   those of notifyhub.css; --nh-toasts-inset (how far from the edge), --nh-toasts-layer (z-index)
// Keys          F6 leads to the newest toast, and out of the stack again; Escape closes the focused one, else the newest
//
// How long a toast stays: success 5 s, info 5 s, warning 7 s, error 8 s, or what it says itself; 0 is until it is closed.
// Time stands still under the pointer, while the focus is in the stack, and while the page is not looked at. What is
// closed or over in one tab is so in all. Of a storm six are shown in ten seconds, as far as there is room; of the rest
// only how many.

import { connectionOf } from "./connection.js";
import { fill, icon, levelOf, make, safe, sheet } from "./look.js";
import { STYLE } from "./toasts-style.js";

/**
 * @typedef {{id: string, title: string, body?: string, level?: string, icon?: string, seconds?: number, url?: string,
 *   actions?: {label: string, url: string}[], item?: boolean, tab?: string}} Toast
 * @typedef {{toast: Toast, element: HTMLElement, clock: Animation | null}} Shown
 */

const SECONDS = { success: 5, info: 5, warning: 7, error: 8 };
const MORE_SECONDS = 8;
const STORM = 6;
const STORM_TIME = 10_000;
const ROOM = 0.5; // of the screen's height; what comes on top is counted as well
const KNOWN_MAX = 200;
const GONE = new Set(["archived", "withdrawn", "superseded", "deleted", "snoozed"]);
const WORDS = { region: "Messages", close: "Close", more: "{n} more", moreOpen: "Open the inbox" };

const style = sheet(STYLE);

export class NotifyhubToasts extends HTMLElement {
  /** @type {(() => Promise<import("./live.js").Token>) | undefined} */
  token;
  /** @type {import("./live.js").Live | null} */
  live = null;

  #words = WORDS;
  /** @type {Record<string, any>} */
  #config = {};
  /** @type {Map<string, Shown>} in the order in which they came */
  #shown = new Map();
  /** @type {Set<string>} */
  #known = new Set();
  /** @type {number[]} when the last few were shown */
  #times = [];
  #folded = 0;
  /** @type {HTMLElement} */
  #stack = make("div", { part: "stack", class: "stack", role: "region" });
  /** @type {Element | null} */
  #before = null;

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    const { live, config } = connectionOf(this);
    this.live = live;
    this.#config = config;
    this.#words = { ...WORDS, ...config.words };
    this.#stack.setAttribute("aria-label", this.#words.region);
    live.addEventListener("nh:toast", this.#toast);
    live.addEventListener("nh:item", this.#item);
    live.addEventListener("nh:update", this.#update);
    live.addEventListener("nh:shared", this.#shared);
    document.addEventListener("keydown", this.#key);
    document.addEventListener("visibilitychange", this.#hold);
    live.connect();
  }

  disconnectedCallback() {
    const live = this.live;
    if (!live) return;
    for (const id of [...this.#shown.keys()]) this.#remove(id);
    live.removeEventListener("nh:toast", this.#toast);
    live.removeEventListener("nh:item", this.#item);
    live.removeEventListener("nh:update", this.#update);
    live.removeEventListener("nh:shared", this.#shared);
    document.removeEventListener("keydown", this.#key);
    document.removeEventListener("visibilitychange", this.#hold);
    live.close();
    this.live = null;
  }

  /** Show a toast; one with the same id only once. @param {Omit<Toast, "id"> & {id?: string}} given */
  add(given) {
    const toast = { id: given.id ?? Math.random().toString(36).slice(2), ...given };
    if (this.#known.has(toast.id)) return;
    this.#known.add(toast.id);
    if (this.#known.size > KNOWN_MAX) this.#known.delete(this.#known.values().next().value ?? "");
    const now = performance.now();
    this.#times = this.#times.filter((time) => now - time < STORM_TIME);
    const full = this.#stack.offsetHeight > innerHeight * ROOM;
    if (this.#times.length >= STORM || full) return this.#fold();
    this.#times.push(now);
    this.#put(toast, toast.seconds ?? SECONDS[/** @type {keyof typeof SECONDS} */ (levelOf(toast))]);
  }

  /** Close one, here and in all tabs. @param {string} id */
  dismiss(id) {
    if (!this.#shown.has(id)) return;
    if (id !== MORE) this.live?.share({ gone: id });
    this.#remove(id);
  }

  // -- news -----------------------------------------------------------------------------------------------------

  #toast = (/** @type {any} */ { detail: { tenant, toast } }) => {
    if (tenant === this.live?.tenant) this.add(toast);
  };

  #item = (/** @type {any} */ { detail: { tenant, item } }) => {
    if (!this.hasAttribute("items") || tenant !== this.live?.tenant || item.read || item.state !== "active") return;
    const { id, title, body, level, icon: drawing, url, actions, tab = "" } = item;
    this.add({ id, title, body, level, icon: drawing, url, actions, tab, item: true });
  };

  #update = (/** @type {any} */ { detail: { tenant, item, read_upto = {} } }) => {
    if (tenant !== this.live?.tenant) return;
    if (item && (item.read || GONE.has(item.state))) this.#remove(item.id);
    for (const [id, { toast }] of this.#shown) if (toast.item && (toast.tab ?? "") in read_upto) this.#remove(id);
  };

  #shared = (/** @type {any} */ { detail: { gone } }) => {
    if (gone) this.#remove(gone);
  };

  // -- the stack ------------------------------------------------------------------------------------------------

  /** One more that is only counted. */
  #fold() {
    this.#folded += 1;
    const title = fill(this.#words.more, { n: this.#folded });
    const inbox = this.#address("inbox");
    const actions = inbox ? [{ label: this.#words.moreOpen, url: inbox }] : [];
    const shown = this.#shown.get(MORE);
    if (!shown) return this.#put({ id: MORE, title, actions }, MORE_SECONDS);
    const text = shown.element.querySelector(".title");
    if (text) text.textContent = title;
    if (shown.clock) shown.clock.currentTime = 0;
  }

  /** @param {Toast} toast @param {number} seconds */
  #put(toast, seconds) {
    const urgent = ["error", "warning"].includes(levelOf(toast));
    const element = make("div", {
      part: toast.id === MORE ? "toast more" : "toast",
      class: `toast ${levelOf(toast)}`,
      role: urgent ? "alert" : "status",
      "aria-atomic": "true",
      tabindex: "-1",
    });
    this.#stack.append(element);
    element.append(...this.#inside(toast)); // a region that is filled after it was there is read out
    const bar = make("span", { part: "progress", class: "progress", "aria-hidden": "true" });
    element.append(bar);
    /** @type {Animation | null} */
    let clock = null;
    if (seconds > 0) {
      clock = bar.animate([{ scale: "1 1" }, { scale: "0 1" }], { duration: seconds * 1000, fill: "forwards" });
      clock.onfinish = () => this.dismiss(toast.id);
    } else bar.remove();
    this.#shown.set(toast.id, { toast, element, clock });
    const more = this.#shown.get(MORE);
    if (more && toast.id !== MORE) this.#stack.append(more.element);
    this.#hold();
    this.dispatchEvent(new CustomEvent("nh:toast-open", { detail: { toast }, bubbles: true, composed: true }));
  }

  /** @param {Toast} toast */
  #inside(toast) {
    const link = toast.item ? this.#address("item").replace(/\{id\}|%7Bid%7D/, toast.id) : safe(toast.url, this.#base);
    const read = () => toast.item && this.live?.markRead([toast.id]);
    const title = make(link ? "a" : "p", { part: "title", class: "title", dir: "auto", href: link || null, onclick: read, rel: "noreferrer" }, toast.title);
    const actions = (toast.actions ?? [])
      .map(({ label, url }) => ({ label, href: safe(url, this.#base) }))
      .filter(({ href }) => href)
      .map(({ label, href }) => make("a", { part: "action", class: "action", href, onclick: read, rel: "noreferrer" }, label));
    const close = make("button", { part: "close", class: "close", type: "button", "aria-label": `${this.#words.close}: ${toast.title}`, title: this.#words.close, onclick: () => this.#close(toast.id) }, icon("close"));
    return [
      make("span", { class: "level" }, icon(toast.icon ?? levelOf(toast), this.#config.icons, levelOf(toast))),
      make(
        "div",
        { class: "words" },
        title,
        // Of the few lines that there is room for, none is empty.
        toast.body ? make("p", { part: "body", class: "body", dir: "auto" }, toast.body.replace(/\n\s*\n/g, "\n")) : null,
        actions.length ? make("div", { class: "actions" }, ...actions) : null,
      ),
      close,
    ];
  }

  /** Close one from within: the focus goes on to the next, or back to where it came from. @param {string} id */
  #close(id) {
    const inside = this.shadowRoot?.activeElement;
    this.dismiss(id);
    if (!inside) return;
    const next = [...this.#shown.values()].at(-1)?.element;
    if (next) next.focus();
    else this.#leave();
  }

  /** @param {string} id */
  #remove(id) {
    const shown = this.#shown.get(id);
    if (!shown) return;
    this.#shown.delete(id);
    shown.clock?.cancel();
    shown.element.remove();
    if (id === MORE) this.#folded = 0;
    this.#hold();
    this.dispatchEvent(new CustomEvent("nh:toast-close", { detail: { toast: shown.toast }, bubbles: true, composed: true }));
  }

  /** Time stands still while somebody is at the stack or nobody at the page. */
  #hold = () => {
    const held = document.hidden || this.#stack.matches(":hover") || this.shadowRoot?.activeElement;
    for (const { clock } of this.#shown.values()) {
      if (held) clock?.pause();
      else clock?.play();
    }
  };

  // -- keys -----------------------------------------------------------------------------------------------------

  #key = (/** @type {KeyboardEvent} */ event) => {
    const newest = [...this.#shown.values()].at(-1);
    if (!newest || event.defaultPrevented) return;
    const inside = this.shadowRoot?.activeElement;
    if (event.key === "F6") {
      event.preventDefault();
      if (inside) return this.#leave();
      this.#before = document.activeElement;
      newest.element.focus();
    } else if (event.key === "Escape" && (inside || !typing())) {
      event.preventDefault();
      const focused = [...this.#shown].find(([, { element }]) => inside && element.contains(inside));
      this.#close(focused?.[0] ?? newest.toast.id);
    }
  };

  #leave() {
    const before = /** @type {HTMLElement | null} */ (this.#before);
    this.#before = null;
    if (before?.isConnected) before.focus({ preventScroll: true });
    else /** @type {HTMLElement | null} */ (this.shadowRoot?.activeElement)?.blur();
  }

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    for (const event of ["pointerenter", "pointerleave"]) this.#stack.addEventListener(event, this.#hold);
    for (const event of ["focusin", "focusout"]) this.#stack.addEventListener(event, () => queueMicrotask(this.#hold));
    root.append(this.#stack);
  }

  get #base() {
    return this.#config.base ?? location.href;
  }

  /** @param {string} name */
  #address(name) {
    return safe(this.getAttribute(name) ?? this.#config.pages?.[name], this.#base);
  }
}

const MORE = "more";

/** Whether Escape means something else to whoever has the focus. */
function typing() {
  return document.activeElement?.matches("input, textarea, select, [contenteditable], dialog *") ?? false;
}

if (!customElements.get("nh-toasts")) customElements.define("nh-toasts", NotifyhubToasts);
