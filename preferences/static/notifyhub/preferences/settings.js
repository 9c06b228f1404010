/* The settings page goes without this. It tells the browser's time zone once where none was ever set, and offers it later,
   adds and removes rows of quiet hours, shows at
   once what a wider switch does to the narrower ones, and keeps the button to save at hand once there is something to. */

const DEADLINE = 10_000; // milliseconds for an answer

const browserZone = () => Intl.DateTimeFormat().resolvedOptions().timeZone;

/* The answer is the page as it is now, with its clock; it takes the place of this one, unless somebody has begun with it. */
async function guessZone(page) {
  const form = page.querySelector("[data-nh-guess]");
  if (!form || !browserZone()) return;
  let touched = false;
  page.addEventListener("input", () => (touched = true), { once: true });
  form.elements.zone.value = browserZone();
  const text = await ask(form.action, { method: "POST", body: new FormData(form) });
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelector(".nh-prefs");
  if (!fresh || fresh.querySelector("[data-nh-guess]") || touched) return;
  page.replaceWith(fresh);
  start(fresh);
}

/* A page, or nothing if it did not come. Read to its end in any case: unread, it would hold its connection. */
async function ask(url, how = {}) {
  try {
    const answer = await fetch(url, { ...how, signal: AbortSignal.timeout(DEADLINE) });
    const text = await answer.text();
    return answer.ok ? text : "";
  } catch {
    return "";
  }
}

function offerZone(button, field) {
  const zone = browserZone();
  if (!zone || zone === field.value) return;
  button.textContent = button.dataset.nhZone.replace("{zone}", zone);
  button.hidden = false;
  button.addEventListener("click", () => {
    field.value = zone;
    button.hidden = true;
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
  });
}

function growRows(list) {
  const add = list.querySelector("[data-nh-add]");
  const rows = () => [...list.querySelectorAll("[data-nh-window]")];
  let next = rows().length;
  const blank = rows().at(-1).cloneNode(true);
  const prepare = (row) => {
    const remove = row.querySelector("[data-nh-remove]");
    remove.hidden = false;
    remove.addEventListener("click", () => {
      row.remove();
      add.dispatchEvent(new Event("input", { bubbles: true }));
      add.focus();
    });
  };
  rows().forEach(prepare);
  add.hidden = false;
  add.addEventListener("click", () => {
    const row = blank.cloneNode(true);
    for (const field of row.querySelectorAll("input, select")) field.name = field.name.replace(/\d+$/, String(next));
    next += 1;
    prepare(row);
    add.before(row);
    row.querySelector("input").focus();
  });
}

function followWider(form) {
  const cells = [...form.querySelectorAll("input[name=on]")].map((input) => {
    const [workflow, category, channel] = input.value.split("|");
    const row = input.closest(".nh-matrix__row");
    const cell = input.closest(".nh-matrix__cell");
    return { input, workflow, category, channel, row, own: cell.classList.contains("nh-matrix__cell--own") };
  });
  let above = null;
  for (const row of form.querySelectorAll(".nh-matrix__row")) {
    if (row.matches(".nh-matrix__row--category")) above = row;
    for (const cell of cells) if (cell.row === row && row.matches(".nh-matrix__row--within")) cell.parent = above;
  }
  const touched = new Set();
  const inherit = (from) => {
    for (const cell of cells) {
      const narrower = from.row.matches(".nh-matrix__row--channel") ? cell.row !== from.row && !cell.parent : cell.parent === from.row;
      if (!narrower || cell.channel !== from.channel || cell.own || touched.has(cell.input)) continue;
      cell.input.checked = from.input.checked;
      const said = [...form.querySelectorAll("input[name=shown]")].find((one) => one.value.replace(/=(on)?$/, "") === cell.input.value);
      said.value = `${cell.input.value}=${cell.input.checked ? "on" : ""}`;
      inherit(cell);
    }
  };
  form.addEventListener("change", (event) => {
    const cell = cells.find((one) => one.input === event.target);
    if (!cell) return;
    touched.add(cell.input);
    inherit(cell);
  });
}

function keepAtHand(form) {
  const foot = form.querySelector(".nh-prefs__foot");
  form.addEventListener("input", () => foot.classList.add("nh-prefs__foot--due"));
}

/* While a test is on its way, its line is asked for again, for half a minute. */
async function followTests(rounds = 20) {
  if (!rounds || !document.querySelector(".nh-trials [data-nh-waits]")) return;
  await new Promise((done) => setTimeout(done, 1500));
  const text = await ask(location.href);
  const fresh = new DOMParser().parseFromString(text, "text/html").querySelectorAll(".nh-trials li");
  document.querySelectorAll(".nh-trials li").forEach((line, at) => {
    if (!line.matches("[data-nh-waits]") || !fresh[at]) return;
    line.querySelector(".nh-trials__told").replaceWith(fresh[at].querySelector(".nh-trials__told"));
    line.toggleAttribute("data-nh-waits", fresh[at].matches("[data-nh-waits]"));
  });
  followTests(rounds - 1);
}

function start(page) {
  offerZone(page.querySelector("[data-nh-zone]"), page.querySelector("#zone"));
  page.querySelectorAll("[data-nh-windows]").forEach(growRows);
  followWider(page.querySelector("#choices"));
  page.querySelectorAll("form.nh-prefs__section").forEach(keepAtHand);
  page.querySelector("#zone-guessed a")?.addEventListener("click", () => page.querySelector("#zone").focus());
  guessZone(page);
}

start(document.querySelector(".nh-prefs"));
followTests();
