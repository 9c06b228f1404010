// Puts a fresh copy of this very page in place, part by part: what the server would show after a reload, without one.
//
// A part is an element with `data-nh-part="name"`. Its children and attributes are replaced by those of the part with
// the same name in the fresh copy; the element itself, whether a menu is open, and the focus stay.
// The copy is parsed without running anything; texts in it were escaped by the server as in any page.

const KEPT = new Set(["open", "class"]);

/** Show `html`, a whole page of ours. */
export function show(html) {
  const fresh = new DOMParser().parseFromString(html, "text/html");
  const focused = document.activeElement?.id;
  const row = document.activeElement?.closest?.(".nh-item")?.id;
  const after = row ? followersOf(row) : [];
  document.title = fresh.title;
  for (const part of document.querySelectorAll("[data-nh-part]")) {
    const other = fresh.querySelector(`[data-nh-part="${CSS.escape(part.dataset.nhPart)}"]`);
    if (other) exchange(part, other);
  }
  refocus(focused, [row, ...after]);
  document.dispatchEvent(new CustomEvent("nh:shown"));
}

/** Fetch `url` and show it. */
export async function reload(url = location.href) {
  const response = await fetch(url, { headers: { Accept: "text/html" } });
  if (response.ok) show(await response.text());
  return response.ok;
}

function exchange(part, other) {
  for (const { name } of [...part.attributes]) {
    if (!KEPT.has(name) && !other.hasAttribute(name)) part.removeAttribute(name);
  }
  for (const { name, value } of [...other.attributes]) {
    if (!KEPT.has(name)) part.setAttribute(name, value);
  }
  part.replaceChildren(...[...other.childNodes].map((node) => document.importNode(node, true)));
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
  if (same) return same.focus({ preventScroll: true });
  for (const row of rows) {
    const link = row && document.getElementById(row)?.querySelector(".nh-item__link");
    if (link) return link.focus({ preventScroll: true });
  }
  document.getElementById("main")?.focus({ preventScroll: true });
}
