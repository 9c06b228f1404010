// From an element to the connection that it shares with the others of the page, and to what its template tag said.

import { live } from "./live.js";

/** @typedef {import("./live.js").Options & Record<string, any>} Config */

/**
 * The settings: a JSON script inside the element or anywhere on the page, else the element's own attributes.
 * @param {HTMLElement & {token?: () => Promise<import("./live.js").Token>}} element
 * @returns {{live: import("./live.js").Live, config: Config}}
 */
export function connectionOf(element) {
  const own = element.querySelector(":scope > script[data-nh-config]");
  const named = element.hasAttribute("base") || element.hasAttribute("token-url") || element.token !== undefined;
  const script = own ?? (named ? null : document.querySelector("script[data-nh-config]"));
  /** @type {Config} */
  const config = script ? JSON.parse(script.textContent ?? "{}") : remote(element);
  return { live: live(config), config };
}

/** For a page of another origin: the hub is where this file comes from, unless said. @param {any} element */
function remote(element) {
  const base = element.getAttribute("base") ?? new URL(import.meta.url).origin;
  const token = async () => (element.token ? element.token() : minted(element.getAttribute("token-url")));
  return { base, token, tenant: element.getAttribute("tenant") ?? "", user: element.getAttribute("user") ?? "" };
}

/** @param {string} address */
async function minted(address) {
  const response = await fetch(address, { headers: { Accept: "application/json" }, signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw Object.assign(new Error(response.statusText), { status: response.status });
  return JSON.parse(text);
}
