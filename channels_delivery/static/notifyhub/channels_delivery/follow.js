// Follows a delivery on its page in the admin: while `[data-part]` also has `data-follow`, the page is read again each
// second, and the part is put in place of the old one. Stops by itself when the delivery has its answer, after two
// minutes, and while nobody looks.

const EVERY = 1000;
const ENOUGH = 120;
const DEADLINE = 10_000; // milliseconds for a page

async function follow() {
  for (let turn = 0; turn < ENOUGH; turn += 1) {
    const shown = document.querySelector("[data-part][data-follow]");
    if (!shown) return;
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    if (document.hidden) continue;
    const found = await look();
    if (found && found.innerHTML !== shown.innerHTML) shown.replaceWith(found);
  }
}

async function look() {
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", signal: AbortSignal.timeout(DEADLINE) });
    const text = await answer.text(); // to its end in any case: unread, it would hold its connection
    if (!answer.ok) return null;
    const page = new DOMParser().parseFromString(text, "text/html");
    return document.adoptNode(page.querySelector("[data-part]"));
  } catch {
    return null;
  }
}

follow();
