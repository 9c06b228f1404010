// <nh-bell>: the number of unread notifications, and the latest of them behind it.
//
//   {% notifyhub_bell %}                                      on a Django page: everything below is filled in
//   <nh-bell base="https://hub.example.com" token-url="/notifyhub-token/" inbox="https://…"></nh-bell>   elsewhere
//
// Attributes
//   latest      how many items are listed: 5 unless said
//   links       what a click on an item opens: "item" (its page, unless there is none) or "target" (what it is about)
//   inbox, item, settings   addresses of the centre, of an item's page (with {id}) and of the settings; no link without
//   base        where the hub is, if not at the page's own origin
//   token-url   an address of the page's own site that answers {"token": …} for who is signed in there
//   user        anything that is another one for another person: tabs of one user share a connection
//   open        reflects whether the list is open
// Properties    token: a function instead of `token-url`; live: the `Live` behind it (live.js says what it can do)
// Methods       show(), hide()
// Events        nh:open, nh:close; nh:follow {item} before a click leads away, which preventDefault() stops
// Parts         button, badge, panel, head, title, read-all, fresh, list, item, link, meta, empty, note, foot, inbox, settings
// Custom properties   those of notifyhub.css (--nh-accent, --nh-ink, --nh-raised, --nh-line, --nh-error, --nh-radius,
//   --nh-font, …); --nh-bell-size, --nh-badge, --nh-badge-ink, --nh-panel-width
// Keys          Enter and Space open; down arrow leads into the list, arrows, Home and End along it; Escape closes and
//   gives the focus back
//
// What stands inside the element is shown until this file is there, and without scripts for good. The list behind the
// button is fetched once the button has been painted.

import { connectionOf } from "./connection.js";
import { fill, icon, make, sheet } from "./look.js";
import { tellZone } from "./zone.js";

/** @typedef {import("./live.js").Item} Item */

const WORDS = {
  none: "Notifications, none unread",
  some: "Notifications, {n} unread",
  fresh: "{n} new",
  announce: "New: {title}",
  failed: "That did not work. Try again.",
};
/** What an item is that is not in the inbox any more. */
const GONE = new Set(["archived", "withdrawn", "superseded", "deleted", "snoozed"]);
const CALM = 1_000; // milliseconds in which arrivals are announced together

const style = sheet(`
:host { position: relative; display: inline-block; inline-size: var(--nh-bell-size, var(--target)); block-size: var(--nh-bell-size, var(--target)); }
.button { position: relative; display: grid; place-items: center; inline-size: 100%; block-size: 100%; border-radius: 8px; color: var(--soft); transition: background-color 120ms ease-out, color 120ms ease-out; }
.button:hover, :host([open]) .button { background: var(--sunken); color: var(--ink); }
.button .icon { inline-size: 1.375rem; block-size: 1.375rem; transform-origin: 50% 15%; }
.rings .icon { animation: ring 700ms ease-out; }
@keyframes ring { 0%, 100% { rotate: 0deg; } 20% { rotate: 14deg; } 45% { rotate: -11deg; } 70% { rotate: 6deg; } }
.badge { position: absolute; inset-block-start: calc(50% - 20px); inset-inline-start: 50%; min-inline-size: 10px; padding-inline: 4px; box-sizing: content-box; border: 2px solid var(--nh-surface, var(--ground)); border-radius: 10px; background: var(--nh-badge, var(--nh-error, light-dark(#b3261e, #ff9d95))); color: var(--nh-badge-ink, var(--nh-surface, light-dark(#ffffff, #161a22))); font: 700 0.6875rem/16px var(--nh-font, system-ui, sans-serif); text-align: center; font-variant-numeric: tabular-nums; }
@media (pointer: coarse) { :host { --target: var(--nh-target, 44px); } }
`);

export class NotifyhubBell extends HTMLElement {
  static observedAttributes = ["latest", "links", "inbox", "item", "settings"];

  /** @type {(() => Promise<import("./live.js").Token>) | undefined} */
  token;
  /** @type {import("./live.js").Live | null} */
  live = null;

  /** @type {import("./live.js").Live | null} whose items it has, also while it stands nowhere */
  #of = null;
  #words = WORDS;
  /** @type {Record<string, any>} */
  #config = {};
  /** @type {Item[]} */
  #items = [];
  /** @type {Item[]} those that came while the list was open: nothing moves under a pointer */
  #fresh = [];
  #loaded = false;
  #asked = 0;
  /** @type {(() => void)[] | null} what came while the list is asked for: the answer may not know of it */
  #meanwhile = null;
  /** @type {import("./bell-panel.js").BellPanel | null} */
  #panel = null;
  /** @type {string[]} */
  #announced = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #announcing;
  #badge = make("span", { part: "badge", class: "badge", "aria-hidden": "true", hidden: true });
  #status = make("span", { class: "unseen", role: "status" });
  #button = make(
    "button",
    { part: "button", id: "nh-bell", class: "button", type: "button", "aria-expanded": "false", "aria-haspopup": "dialog" },
    icon("bell"),
    this.#badge,
  );
  /** @type {[string, (event: any) => void][]} */
  #hears = [
    ["nh:item", (event) => this.#arrive(event.detail)],
    ["nh:update", (event) => this.#update(event.detail)],
    ["nh:unread", () => this.#count()],
    ["nh:resync", () => this.#reload()],
    ["nh:state", () => this.#remark()],
    ["nh:refused", () => this.#fail()],
  ];

  connectedCallback() {
    if (!this.shadowRoot) this.#build();
    const { live, config } = connectionOf(this);
    this.live = live;
    if (live !== this.#of) this.#items = [...(config.items ?? [])];
    this.#loaded = live !== this.#of && config.items !== undefined; // what came while it stood nowhere is unknown
    this.#of = live;
    this.#config = config;
    this.#words = { ...WORDS, ...config.words };
    for (const [name, hear] of this.#hears) live.addEventListener(name, hear);
    live.connect();
    tellZone(config);
    this.#count();
    for (const child of [...this.children]) if (child.localName !== "script") child.remove();
    requestAnimationFrame(() => setTimeout(() => this.#furnish()));
  }

  disconnectedCallback() {
    const live = this.live;
    if (!live) return;
    this.hide({ focus: false });
    clearTimeout(this.#announcing);
    for (const [name, hear] of this.#hears) live.removeEventListener(name, hear);
    live.close();
    this.live = null;
  }

  attributeChangedCallback() {
    this.#panel?.address(this.#config);
    this.#render();
  }

  get open() {
    return this.hasAttribute("open");
  }

  get latest() {
    return Number(this.getAttribute("latest")) || 5;
  }

  /** At once, but for the first moments after the button was painted. */
  show() {
    const panel = this.#panel;
    if (!panel) return void this.#furnish().then((there) => there && this.show());
    if (this.open || !this.live) return;
    this.toggleAttribute("open", true);
    this.#items = this.#items.filter((item) => !GONE.has(item.state ?? ""));
    this.#render();
    this.#remark();
    panel.show(this.#button);
    this.#button.setAttribute("aria-expanded", "true");
    if (!this.#loaded || this.#items.length < this.latest) this.#reload();
    document.addEventListener("pointerdown", this.#elsewhere);
    document.addEventListener("focusin", this.#elsewhere);
    this.dispatchEvent(new CustomEvent("nh:open", { bubbles: true, composed: true }));
  }

  hide({ focus = true } = {}) {
    if (!this.open) return;
    const inside = this.shadowRoot?.activeElement;
    this.toggleAttribute("open", false);
    this.#panel?.hide();
    this.#button.setAttribute("aria-expanded", "false");
    document.removeEventListener("pointerdown", this.#elsewhere);
    document.removeEventListener("focusin", this.#elsewhere);
    if (focus && inside) this.#button.focus();
    this.#items = [...this.#fresh.splice(0), ...this.#items].slice(0, this.latest);
    this.dispatchEvent(new CustomEvent("nh:close", { bubbles: true, composed: true }));
  }

  // -- news -----------------------------------------------------------------------------------------------------

  /** @param {{tenant: string, item: Item}} news */
  #arrive({ tenant, item }) {
    if (tenant !== this.live?.tenant) return;
    this.#add(item);
    this.#meanwhile?.push(() => this.#items.some((known) => known.id === item.id) || this.#add(item));
    this.#remark();
    this.#button.classList.remove("rings");
    requestAnimationFrame(() => this.#button.classList.add("rings"));
    this.#announce(item.title);
  }

  /** @param {Item} item */
  #add(item) {
    if (this.open) this.#fresh = [item, ...this.#fresh.filter((other) => other.id !== item.id)];
    else this.#items = [item, ...this.#items.filter((other) => other.id !== item.id)].slice(0, this.latest);
  }

  /** What is gone stays in an open list, and says so. @param {{tenant: string, item?: Item, read_upto?: object}} news */
  #update({ tenant, item, read_upto }) {
    if (tenant !== this.live?.tenant) return;
    this.#learn(item, read_upto);
    this.#meanwhile?.push(() => this.#learn(item, read_upto));
    if (this.open) this.#render();
    this.#remark();
  }

  /** @param {Item} [item] @param {object} [read_upto] */
  #learn(item, read_upto) {
    for (const known of [...this.#items, ...this.#fresh]) {
      if (item?.id === known.id) Object.assign(known, item);
      if (read_upto && (known.tab ?? "") in read_upto) known.read = true;
    }
    this.#fresh = this.#fresh.filter((one) => !GONE.has(one.state ?? ""));
  }

  #count() {
    const { count, capped } = this.live?.unread ?? { count: 0, capped: false };
    const shown = capped ? `${count}+` : String(count);
    const label = count ? fill(this.#words.some, { n: shown }) : this.#words.none;
    this.#badge.textContent = shown;
    this.#badge.hidden = count === 0;
    this.#button.setAttribute("aria-label", label);
    this.#button.title = label;
    this.#panel?.count(count);
  }

  /** The list as it is on the server, and what came since it was asked for. */
  async #reload() {
    const asked = ++this.#asked;
    this.#meanwhile = [];
    const found = await this.live?.load({ limit: this.latest }).catch(() => null);
    if (asked !== this.#asked) return;
    const meanwhile = this.#meanwhile.splice(0);
    this.#meanwhile = null;
    if (!found) return; // what is known stays
    this.#items = found;
    this.#fresh = [];
    this.#loaded = true;
    for (const again of meanwhile) again();
    this.#remark();
    if (this.open) this.#render();
  }

  #remark() {
    this.#panel?.remark(this.open ? this.#fresh.length : 0, this.live?.state);
  }

  #fail() {
    this.#status.textContent = this.#words.failed;
    this.#panel?.complain(this.#words.failed);
  }

  /** To screen readers: a single title, or how many. Where toasts say it, they are enough. @param {string} title */
  #announce(title) {
    if (document.querySelector("nh-toasts[items]")) return;
    this.#announced.push(title);
    clearTimeout(this.#announcing);
    this.#announcing = setTimeout(() => {
      const [first, ...others] = this.#announced.splice(0);
      const { announce, fresh } = this.#words;
      this.#status.textContent = others.length ? fill(fresh, { n: others.length + 1 }) : fill(announce, { title: first });
    }, CALM);
  }

  // -- what a person does ---------------------------------------------------------------------------------------

  #follow = (/** @type {Item} */ item, /** @type {Event} */ event) => {
    const how = { detail: { item }, bubbles: true, composed: true, cancelable: true };
    if (!this.dispatchEvent(new CustomEvent("nh:follow", how))) event.preventDefault();
    if (!item.read) this.live?.markRead([item.id]);
  };

  #showFresh = () => {
    this.#items = [...this.#fresh.splice(0), ...this.#items].slice(0, this.latest);
    this.#render();
    this.#remark();
    this.#panel?.first();
  };

  #elsewhere = (/** @type {Event} */ event) => {
    if (!event.composedPath().includes(this)) this.hide({ focus: false });
  };

  /** @param {any} event */
  #key(event) {
    if (!this.open || event.defaultPrevented) return;
    if (event.key === "Escape") {
      event.preventDefault();
      this.hide();
    } else if (this.#panel?.step(event.key, this.#button)) event.preventDefault();
  }

  // -- the picture ----------------------------------------------------------------------------------------------

  #build() {
    const root = this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [style];
    root.addEventListener("keydown", (event) => this.#key(event));
    this.#button.addEventListener("click", () => (this.open ? this.hide() : this.show()));
    root.append(this.#button, this.#status);
  }

  /** The list behind the button; null while its file cannot be fetched. */
  async #furnish() {
    const file = await import("./bell-panel.js").catch(() => null);
    if (this.#panel || !file) return this.#panel;
    const { BellPanel, STYLE } = file;
    const panel = new BellPanel({
      bell: this,
      words: this.#config.words,
      onFollow: this.#follow,
      onFresh: this.#showFresh,
      onReadAll: () => this.live?.readAll(),
    });
    this.#panel = panel;
    panel.address(this.#config);
    this.#button.setAttribute("aria-controls", panel.element.id);
    this.shadowRoot?.adoptedStyleSheets.push(sheet(STYLE));
    this.#button.after(panel.element);
    this.#count();
    return panel;
  }

  #render() {
    this.#panel?.render(this.#items.slice(0, this.latest), this.#loaded);
  }
}

if (!customElements.get("nh-bell")) customElements.define("nh-bell", NotifyhubBell);
