// Puts a fresh copy of this very page in place, part by part: what the server would show after a reload, without one.
//
// A part is an element with `data-nh-part="name"`. What is the same in the fresh copy stays the same element: whether a
// menu is open, what was typed, and the focus. Elements with an id are known again by it, the others by their place.
// The copy is parsed without running anything; texts in it were escaped by the server as in any page.

const KEPT = new Set(["open", "class"]);

/**
 * Show `html`, a whole page of ours; the rows (`.nh-item`) that were not there before.
 * @param {string} html
 * @param {{prepare?: (fresh: Document) => void}} [how] `prepare` may change the copy before it is shown
 * @returns {HTMLElement[]}
 */
export function show(html, { prepare } = {}) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  prepare?.(fresh);
  const active = document.activeElement;
  const row = active?.closest?.(".nh-item")?.id;
  const after = row ? followersOf(row) : [];
  const before = new Set([...document.querySelectorAll(".nh-item")].map((item) => item.id));
  document.title = fresh.title;
  for (const part of document.querySelectorAll("[data-nh-part]")) {
    const other = fresh.querySelector(`[data-nh-part="${CSS.escape(part.dataset.nhPart)}"]`);
    if (other) exchange(part, other);
  }
  renew(fresh.querySelector(TOKEN)?.value);
  if (document.activeElement !== active) refocus(active?.id, [row, ...after]);
  document.dispatchEvent(new CustomEvent("nh:shown"));
  return [...document.querySelectorAll(".nh-item")].filter((item) => !before.has(item.id));
}

const DEADLINE = 10_000; // milliseconds for an answer

/** Ask for this page, or send a form that leads back to it. `elsewhere` is the other page to which that led. Throws when
 * the network is away or the answer took too long. It is read to its end in any case: unread, it would hold its
 * connection. */
export async function ask(url, how = {}) {
  const response = await fetch(url, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(DEADLINE), ...how });
  const html = await response.text();
  const moved = response.redirected && new URL(response.url).pathname !== location.pathname;
  return { ok: response.ok, html, elsewhere: moved ? response.url : "" };
}

/** Show a fresh copy of this page; the new rows, or null when there was no such page. Throws as `ask` does. */
export async function reload(how = {}) {
  const { ok, html, elsewhere } = await ask(location.href);
  return ok && !elsewhere ? show(html, how) : null;
}

const TOKEN = "input[name=csrfmiddlewaretoken]";

/** A page that was left open while somebody signed in anew has forms that nobody takes any more. */
function renew(token) {
  if (token) for (const field of document.querySelectorAll(TOKEN)) field.value = token;
}

function exchange(part, other) {
  alike(part, other, KEPT);
  morph(part, other);
}

function alike(element, other, kept) {
  for (const { name } of [...element.attributes]) {
    if (!kept.has(name) && !other.hasAttribute(name)) element.removeAttribute(name);
  }
  for (const { name, value } of [...other.attributes]) {
    if (!kept.has(name) && element.getAttribute(name) !== value) element.setAttribute(name, value);
  }
}

const OPEN = new Set(["open"]);

function morph(element, other) {
  const known = new Map([...element.children].filter((child) => child.id).map((child) => [child.id, child]));
  let place = element.firstChild;
  for (const wanted of [...other.childNodes]) {
    const found = wanted.id ? known.get(wanted.id) : place && !place.id && isLike(place, wanted) ? place : null;
    if (!found || !isLike(found, wanted)) {
      element.insertBefore(document.importNode(wanted, true), place);
      continue;
    }
    if (found === place) place = place.nextSibling;
    else element.insertBefore(found, place);
    if (found.isEqualNode(wanted)) continue;
    if (found.nodeType !== Node.ELEMENT_NODE) found.nodeValue = wanted.nodeValue;
    else {
      alike(found, wanted, OPEN);
      morph(found, wanted);
    }
  }
  while (place) {
    const next = place.nextSibling;
    place.remove();
    place = next;
  }
}

function isLike(one, other) {
  return one.nodeType === other.nodeType && one.nodeName === other.nodeName;
}

function followersOf(id) {
  const rows = [...document.querySelectorAll(".nh-item")].map((item) => item.id);
  const place = rows.indexOf(id);
  return [...rows.slice(place + 1), ...rows.slice(0, place).reverse()];
}

/** Back to where the focus was; if that is gone, to the nearest row that is left, else to the page itself. */
function refocus(id, rows) {
  if (!id && !rows[0]) return;
  const same = id && document.getElementById(id);
  if (same) return same !== document.activeElement && same.focus({ preventScroll: true });
  for (const row of rows) {
    const link = row && document.getElementById(row)?.querySelector(".nh-item__link");
    if (link) return link.focus({ preventScroll: true });
  }
  document.getElementById("main")?.focus({ preventScroll: true });
}
