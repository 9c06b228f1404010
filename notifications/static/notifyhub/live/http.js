// The API over HTTP, as a person: by their session, or by tokens that are minted for them.

const PATIENCE = 10_000;
const EARLY = 60_000; // a token is renewed this long before it ends

/** What the server answered when it did not do what was asked; status 0 when it did not answer. */
export class Refused extends Error {
  /** @param {number} status @param {string} detail */
  constructor(status, detail) {
    super(detail);
    this.status = status;
  }
}

/**
 * @typedef {string | {token: string, expires_at?: string}} Token
 * @typedef {object} Access
 * @property {string} api  the address of the API, with a slash at its end
 * @property {string} [csrf]  the token of a page with a session
 * @property {() => Promise<Token>} [token]  mints a token for a page without one
 */

export class Http {
  #access;
  #token = "";
  #ends = Infinity;

  /** @param {Access} access */
  constructor(access) {
    this.#access = access;
  }

  /** Whether credentials are tokens that can be had anew. */
  get renews() {
    return this.#access.token !== undefined;
  }

  /** @param {string} path @param {Record<string, string | number>} [query] @returns {Promise<any>} */
  get(path, query = {}) {
    const words = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    return this.#ask(words.size ? `${path}?${words}` : path, { method: "GET" });
  }

  /** Goes through even if the page is left meanwhile. @param {string} path @param {unknown} [body]
   * @returns {Promise<any>} */
  post(path, body) {
    return this.#ask(path, { method: "POST", keepalive: true, body: body ? JSON.stringify(body) : undefined });
  }

  /** A one-time ticket for a socket. @returns {Promise<string>} */
  async ticket() {
    return (await this.post("socket-ticket/")).ticket;
  }

  /** @param {string} path @param {RequestInit} how @returns {Promise<any>} */
  async #ask(path, how, again = false) {
    const headers = await this.#headers(how);
    /** @type {Response} */
    let response;
    /** @type {string} */
    let text;
    try {
      response = await fetch(this.#access.api + path, {
        ...how,
        headers,
        credentials: this.renews ? "omit" : "same-origin",
        signal: AbortSignal.timeout(PATIENCE),
      });
      text = await response.text(); // to its end in any case: unread, it would hold its connection
    } catch (error) {
      throw new Refused(0, String(error));
    }
    if (response.status === 401 && this.renews && !again) {
      this.#token = "";
      return this.#ask(path, how, true);
    }
    const body = parsed(text);
    if (!response.ok) throw new Refused(response.status, body.detail ?? response.statusText);
    return body;
  }

  /** @param {RequestInit} how @returns {Promise<Record<string, string>>} */
  async #headers({ method, body }) {
    /** @type {Record<string, string>} */
    const headers = { Accept: "application/json" };
    if (body) headers["Content-Type"] = "application/json";
    if (this.#access.token) headers.Authorization = `Bearer ${await this.#bearer(this.#access.token)}`;
    else if (method !== "GET") headers["X-CSRFToken"] = this.#access.csrf ?? "";
    return headers;
  }

  /** @param {() => Promise<Token>} mint */
  async #bearer(mint) {
    if (!this.#token || Date.now() > this.#ends - EARLY) {
      const minted = await mint().catch((error) => {
        throw new Refused(error.status ?? 0, String(error));
      });
      const { token, expires_at } = typeof minted === "string" ? { token: minted, expires_at: undefined } : minted;
      [this.#token, this.#ends] = [token, expires_at ? Date.parse(expires_at) : Infinity];
    }
    return this.#token;
  }
}

/** What it says, or nothing: some answers are empty, and a proxy may answer in its own words. @param {string} text
 * @returns {any} */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
