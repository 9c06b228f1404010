// The inbox: follows what happens to it, says how far it was seen, and marks read what is opened. Needs menus.js for
// the forms.
//
// New items enter at the top at once, unless somebody points at the list, works in it or has scrolled down: then a
// button says how many there are, and nothing moves under their hand.

import { live, pageOptions } from "./live.js";
import { ask, reload, show } from "./parts.js";

const AGAIN = 400; // milliseconds between two looks, so that a storm is a few of them
const LATEST = 10_000; // between two that failed, at most
const TOP = 40;

const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";
const list = () => document.querySelector("[data-nh-part=inbox]");

/** The answer, or null if it was not done: whoever wants it done asks again. */
async function post(url, fields = {}) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: token(), ...fields });
  const { ok, html, elsewhere } = await ask(url, { method: "POST", body, keepalive: true }).catch(() => ({}));
  return ok && !elsewhere ? html : null;
}

/** An item that is opened is read. The answer is this page again, as it is then. */
async function readWhatIsOpen() {
  const form = document.querySelector("form[data-nh-open]");
  if (!form) return;
  const url = form.dataset.nhOpen;
  delete form.dataset.nhOpen;
  const html = await post(url, { next: location.pathname + location.search });
  if (html === null) form.dataset.nhOpen = url;
  else show(html);
}

async function tellSeen() {
  const { nhSeen, nhSeenUrl } = list()?.dataset ?? {};
  if (!nhSeen || nhSeen === told) return;
  const before = told;
  told = nhSeen;
  if ((await post(nhSeenUrl, { upto: nhSeen })) === null && told === nhSeen) told = before;
}

let told = "";

/** What was not done when the page was loaded is done when it is looked at again. */
document.addEventListener("visibilitychange", () => {
  if (document.hidden) return;
  readWhatIsOpen();
  tellSeen();
});

/** A button of an item leads away; on the way the item is marked read. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-nh-reads]");
  if (link) post(link.dataset.nhReads);
});

// -- live -------------------------------------------------------------------------------------------------------

const more = document.createElement("button");
more.type = "button";
more.className = "nh-button nh-button--primary nh-more";
more.hidden = true;
more.addEventListener("click", ({ detail }) => {
  scrollTo({ top: 0 });
  look({ all: true, lead: detail === 0 });
});

const hub = live();
let looking = false;
let wanted = false;
let all = false; // whether nothing is to be kept back
let lead = false; // whether the focus goes to what is new: a key was pressed on a button that goes

/** Take a fresh copy of the page, one at a time; what happens meanwhile is the next one's. One that failed is taken
 * again, unless nobody is signed in any more. */
async function look(how = {}) {
  wanted = true;
  all ||= how.all ?? false;
  lead ||= how.lead ?? false;
  if (looking) return;
  looking = true;
  for (let pause = AGAIN; wanted && !document.hidden && hub.state !== "signed-out"; ) {
    wanted = false;
    const added = await reload({ prepare: (fresh) => calmly(fresh, all || !busy()) }).catch(() => null);
    if (added) shown(added);
    wanted ||= added === null;
    pause = added ? AGAIN : Math.min(pause * 2, LATEST);
    await new Promise((resolve) => setTimeout(resolve, pause));
  }
  looking = false;
}

function shown(added) {
  for (const row of added) row.classList.add("nh-item--new");
  if (lead && [document.body, more].includes(document.activeElement)) {
    (added[0] ?? document.querySelector(".nh-item"))?.querySelector(".nh-item__link").focus({ preventScroll: true });
  }
  all = lead = false;
  tellSeen();
}

/** Leave notices that were not read yet; and unless all are to be shown, keep back the rows on top that are new. */
function calmly(fresh, all) {
  const notices = fresh.querySelector("[data-nh-part=notices]");
  if (!notices?.querySelector(".nh-notice")) notices?.remove();
  const known = new Set([...document.querySelectorAll(".nh-item")].map((row) => row.id));
  const rows = [...fresh.querySelectorAll(".nh-item")];
  const first = rows.findIndex((row) => known.has(row.id));
  const held = all || first < 0 ? [] : rows.slice(0, first);
  for (const row of held) {
    const day = row.closest(".nh-day");
    row.remove();
    if (!day.querySelector(".nh-item")) day.remove();
  }
  more.hidden = held.length === 0;
  more.textContent = (list()?.dataset.nhMore ?? "{n}").replace("{n}", String(held.length));
}

/** Whether somebody is at the list, so that nothing may move. */
function busy() {
  const items = document.querySelector(".nh-inbox__list");
  return scrollY > TOP || items?.matches(":has(.nh-day:hover)") || document.activeElement?.closest(".nh-item") !== null;
}

function follow() {
  document.querySelector("nh-toasts")?.removeAttribute("items"); // the list itself shows what is new
  document.body.append(more);
  for (const name of ["nh:item", "nh:update", "nh:resync"]) {
    hub.addEventListener(name, ({ detail }) => !detail.guess && detail.tenant === hub.tenant && look());
  }
  hub.addEventListener("nh:unread", () => {
    const { count, capped } = hub.unread;
    document.title = (count ? `(${count}${capped ? "+" : ""}) ` : "") + document.title.replace(/^\(\d+\+?\) /, "");
  });
  for (const [from, name] of [[document, "visibilitychange"], [hub, "nh:state"]]) {
    from.addEventListener(name, () => wanted && look());
  }
  for (const name of ["pointerout", "focusout", "scroll"]) {
    document.addEventListener(name, () => !more.hidden && setTimeout(() => busy() || more.hidden || look()), { passive: true });
  }
  hub.connect();
}

readWhatIsOpen();
tellSeen();
if (list() && pageOptions().tenant) follow();
