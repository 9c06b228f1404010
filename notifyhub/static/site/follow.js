// Follows what a page shows: asks for its state in a few words, and takes a fresh copy of the page when they have
// changed. The page's part has `data-site-follow` (where to ask), `data-state` (what it shows) and, once nothing will
// change by itself any more, `data-settled`. With `data-slowest` it is asked at least every so many milliseconds.

import { reload } from "../notifyhub/parts.js";

const FIRST = 400; // milliseconds between two questions at first, and at most
const SLOWEST = 5000;

const page = () => document.querySelector("[data-site-follow]");
const ended = () => !page() || page().hasAttribute("data-settled");
const slowest = () => Number(page()?.dataset.slowest) || SLOWEST;

let pause = FIRST;

async function look() {
  if (ended()) return;
  if (!document.hidden) {
    try {
      const response = await fetch(page().dataset.siteFollow, { headers: { Accept: "application/json" } });
      if (response.ok && differs(await response.json())) {
        await reload();
        pause = FIRST;
      } else {
        pause = Math.min(pause * 1.5, slowest());
      }
    } catch {
      pause = SLOWEST; // the network is away: the page stays as it is and asks again later
    }
  }
  setTimeout(look, pause);
}

function differs(state) {
  return JSON.stringify(sorted(state)) !== JSON.stringify(sorted(JSON.parse(page().dataset.state)));
}

function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.keys(value).sort().map((key) => [key, sorted(value[key])]));
}

// Whoever comes back to the page soon sees what came meanwhile.
document.addEventListener("visibilitychange", () => { pause = FIRST; });

setTimeout(look, pause);
