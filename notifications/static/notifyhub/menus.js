// Menus that are `<details data-nh-menu>`: a click elsewhere or Escape closes them, and Escape gives the focus back.
// Forms with `data-nh-form` are sent without leaving the page. Both work without this file, only less smoothly.

import { show } from "./parts.js";

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
  const action = event.submitter?.getAttribute("formaction") || form.action;
  try {
    const response = await fetch(action, { method: "POST", body: new FormData(form, event.submitter) });
    if (!response.ok) throw new Error(String(response.status));
    show(await response.text());
  } catch {
    // No answer, or not the one hoped for: let the browser do it and show what is wrong.
    form.action = action;
    form.submit();
  }
});
