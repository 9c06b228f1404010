// The playground while one types: what is wrong with the payload, who would be told, and a button that tidies the JSON.
// The server says what is right; nothing here knows a schema.

const form = document.querySelector("[data-site-draft]");
const payload = form.elements.payload;
const summary = form.querySelector("[data-site-summary]");
const places = { payload: at("payload"), recipients: at("recipients") };
const PAUSE = 350; // milliseconds of quiet before the server is asked
const DEADLINE = 10_000; // milliseconds for an answer

let timer = 0;
let asked = new AbortController();

function at(name) {
  return form.querySelector(`[data-site-problems="${name}"]`);
}

async function check() {
  asked.abort(); // what was asked before is about what is no longer there
  asked = new AbortController();
  const signal = AbortSignal.any([asked.signal, AbortSignal.timeout(DEADLINE)]);
  let answer;
  try {
    const response = await fetch(form.dataset.checkUrl, { method: "POST", body: new FormData(form), signal });
    const text = await response.text();
    if (!response.ok) return;
    answer = JSON.parse(text);
  } catch {
    return; // the button still works, and says what is wrong
  }
  if (signal.aborted) return;
  for (const [name, place] of Object.entries(places)) {
    list(place, answer.problems.filter((problem) => problem.field === name));
  }
  payload.toggleAttribute("aria-invalid", false);
  if (answer.problems.some((problem) => problem.field === "payload")) payload.setAttribute("aria-invalid", "true");
  const other = answer.problems.find((problem) => !(problem.field in places));
  summary.textContent = answer.summary ?? other?.message ?? "";
}

function list(place, problems) {
  if (!problems.length) return place.replaceChildren();
  const box = document.createElement("div");
  box.className = "nh-problems";
  const lines = document.createElement("ul");
  for (const problem of problems) {
    const line = document.createElement("li");
    if (problem.where) {
      const where = document.createElement("code");
      where.textContent = problem.where;
      line.append(where, " ");
    }
    line.append(problem.message);
    lines.append(line);
  }
  box.append(lines);
  place.replaceChildren(box);
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(check, PAUSE);
}

const format = form.querySelector("[data-site-format]");
format.hidden = false;
format.addEventListener("click", () => {
  try {
    payload.value = JSON.stringify(JSON.parse(payload.value), null, 2);
  } catch {
    payload.focus(); // what is wrong stands below it
  }
  check();
});

// On a narrow screen the workflows stand in a row that is wider than it: the chosen one is in the middle.
const row = document.querySelector(".site-workflows");
const chosen = row?.querySelector("[aria-current]")?.getBoundingClientRect();
if (chosen) row.scrollLeft += chosen.left + chosen.width / 2 - row.getBoundingClientRect().left - row.clientWidth / 2;

form.addEventListener("input", soon);
form.addEventListener("change", soon);

// One press, one run: until the answer is there, a second press does nothing. Whoever stopped the browser, or waited in
// vain, may press again.
let waiting = 0;
const free = () => {
  clearTimeout(waiting);
  delete form.dataset.sent;
};
form.addEventListener("submit", (event) => {
  if (form.dataset.sent) return event.preventDefault();
  form.dataset.sent = "yes";
  waiting = setTimeout(free, DEADLINE);
});
addEventListener("pageshow", free);
globalThis.navigation?.addEventListener("navigateerror", free);

check();
