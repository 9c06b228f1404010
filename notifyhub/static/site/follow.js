// Follows what a page shows, and takes a fresh copy of the page when it has changed. The page's part has
// `data-site-follow` (where to ask for its state in a few words), `data-state` (what it shows) and, once nothing will
// change by itself any more, `data-settled`.
//
// With `data-site-watch` (an object as JSON) the connection tells when it changed, and nothing is asked; until it does,
// and where sockets are blocked, the page asks, with `data-slowest` at least every so many milliseconds.

import { live, pageOptions } from "../notifyhub/live.js";
import { reload } from "../notifyhub/parts.js";

const FIRST = 400; // milliseconds between two questions at first, and at most
const SLOWEST = 5000;
const DEADLINE = 10_000; // milliseconds for a question
const AGAIN = 200; // milliseconds between two fresh copies, so that a storm of words is a few of them

const page = () => document.querySelector("[data-site-follow]");
const ended = () => !page() || page().hasAttribute("data-settled");
const slowest = () => Number(page()?.dataset.slowest) || SLOWEST;

// -- asked ------------------------------------------------------------------------------------------------------

let pause = FIRST;
let timer = 0;

function ask() {
  clearTimeout(timer);
  if (!told && !ended()) timer = setTimeout(look, pause);
}

async function look() {
  if (!document.hidden) {
    try {
      const state = await asked(page().dataset.siteFollow);
      if (told) return;
      if (state && differs(state)) {
        pause = (await reload()) === null ? SLOWEST : FIRST;
      } else {
        pause = Math.min(pause * 1.5, slowest());
      }
    } catch {
      pause = SLOWEST; // the network is away: the page stays as it is and asks again later
    }
  }
  ask();
}

/** The answer is read to its end, also where it is no longer needed: unread, it would hold its connection. */
async function asked(url) {
  const signal = AbortSignal.timeout(DEADLINE);
  const response = await fetch(url, { headers: { Accept: "application/json" }, signal });
  const text = await response.text();
  return response.ok ? JSON.parse(text) : null;
}

function differs(state) {
  return JSON.stringify(sorted(state)) !== JSON.stringify(sorted(JSON.parse(page().dataset.state)));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

// -- told -------------------------------------------------------------------------------------------------------

let told = false; // whether the connection says what happens
let wanted = false;
let looking = false;

/** Take a fresh copy of the page, one at a time; what happens meanwhile is the next one's, and of a page that nobody
 * looks at it stays wanted. */
async function refresh() {
  wanted = true;
  if (looking) return;
  looking = true;
  while (wanted && told && !ended() && !document.hidden) {
    wanted = false;
    const came = await reload().catch(() => null);
    wanted ||= came === null; // the server said no, or the network is away
    await new Promise((resolve) => setTimeout(resolve, came === null ? SLOWEST : AGAIN));
  }
  looking = false;
}

function watch(object) {
  const hub = live();
  const stop = hub.watch(object);
  hub.addEventListener("nh:changed", ({ detail }) => {
    if (hub.state !== "live" || JSON.stringify(detail.watch) !== JSON.stringify(object)) return;
    told = true;
    clearTimeout(timer);
    refresh();
  });
  hub.addEventListener("nh:state", () => {
    told &&= hub.state === "live";
    ask();
  });
  document.addEventListener("nh:shown", () => ended() && stop());
  hub.connect();
}

// Whoever comes back to the page soon sees what came meanwhile.
document.addEventListener("visibilitychange", () => {
  pause = FIRST;
  if (told && wanted) refresh();
});

const watched = page()?.dataset.siteWatch;
if (watched && !ended() && pageOptions().tenant) watch(JSON.parse(watched));
ask();
