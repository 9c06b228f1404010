// The inbox: says how far it was seen, and marks read what is opened. Needs menus.js for the forms.

import { show } from "./parts.js";

const token = () => document.querySelector("input[name=csrfmiddlewaretoken]")?.value ?? "";

function post(url, fields = {}) {
  const body = new URLSearchParams({ csrfmiddlewaretoken: token(), ...fields });
  return fetch(url, { method: "POST", body, keepalive: true });
}

/** An item that is opened is read. The answer is this page again, as it is then. */
async function readWhatIsOpen() {
  const form = document.querySelector("form[data-nh-open]");
  if (!form) return;
  const url = form.dataset.nhOpen;
  delete form.dataset.nhOpen;
  const response = await post(url, { next: location.pathname + location.search });
  if (response.ok) show(await response.text());
}

function tellSeen() {
  const list = document.querySelector("[data-nh-seen]");
  if (list?.dataset.nhSeen) post(list.dataset.nhSeenUrl, { upto: list.dataset.nhSeen });
}

/** A button of an item leads away; on the way the item is marked read. */
document.addEventListener("click", (event) => {
  const link = event.target.closest("a[data-nh-reads]");
  if (link) post(link.dataset.nhReads);
});

readWhatIsOpen();
tellSeen();
