// Menus that are `<details data-nh-menu>`: a click elsewhere or Escape closes them, and Escape gives the focus back.
// Forms with `data-nh-form` are sent without leaving the page. Both work without this file, only less smoothly.

import { ask, show } from "./parts.js";

const open = () => document.querySelectorAll("details[data-nh-menu][open]");

document.addEventListener("click", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("focusin", (event) => {
  for (const menu of open()) if (!menu.contains(event.target)) menu.open = false;
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const menu of open()) {
    event.preventDefault();
    const inside = menu.contains(document.activeElement);
    menu.open = false;
    if (inside) menu.querySelector("summary").focus();
  }
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.matches("[data-nh-form]") || event.submitter?.hasAttribute("data-nh-leaves")) return;
  event.preventDefault();
  const pressed = event.submitter ?? form;
  if (pressed.hasAttribute("aria-busy")) return;
  const action = event.submitter?.getAttribute("formaction") || form.action;
  const body = new FormData(form, event.submitter);
  const leave = () => {
    form.action = action; // the browser does it, and shows what is wrong
    form.submit();
  };
  pressed.setAttribute("aria-busy", "true");
  try {
    const { ok, html, elsewhere } = await ask(action, { method: "POST", body });
    if (elsewhere) location.assign(elsewhere);
    else if (ok) show(html);
    else leave();
  } catch {
    if (!complain()) leave();
  } finally {
    pressed.removeAttribute("aria-busy");
  }
});

/** There was no answer: say so where the page says what was done, if it has such a place. */
function complain() {
  const notices = document.querySelector(".nh-notices");
  const words = notices?.querySelector("template[data-nh-failed]");
  if (!words) return false;
  for (const notice of notices.querySelectorAll(".nh-notice")) notice.remove();
  notices.append(words.content.cloneNode(true));
  notices.scrollIntoView({ block: "nearest" });
  return true;
}
