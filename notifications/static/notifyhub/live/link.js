// The connection of a browser: one socket, opened again whenever it ends, and questions over HTTP where sockets are
// blocked.
//
// Pauses have full jitter, so that a server that comes back is not met by everybody at once: after n attempts in a row
// that failed, random() × min(30 s, 0.5 s × 2ⁿ). Two failed handshakes in a row: if HTTP gets through, sockets are
// blocked, and every 15 s we ask for changes, while the socket is tried again after 30 s, 60 s, … up to 10 min.

/**
 * @typedef {"connecting" | "live" | "polling" | "offline" | "signed-out"} State
 * @typedef {object} Ways
 * @property {string} address  where the socket is, `wss://…`
 * @property {() => Promise<string[]>} protocols  the subprotocols to offer; rejects while nobody is there to ask
 * @property {boolean} renews  whether the next attempt comes with new credentials
 * @property {() => Promise<"there" | "away" | "refused">} poll  ask for changes over HTTP
 * @property {(hello: Record<string, any>) => boolean} isOurs  whether who is signed in is who we show
 * @property {(frame: Record<string, any>) => void} onFrame
 * @property {(state: State) => void} onState
 */

const BASE = 500;
const CAP = 30_000;
const SILENCE = 35_000; // the server says something every 25 s
const HANDSHAKE = 10_000;
const SETTLED = 10_000; // a connection that lived this long starts the counting anew
const POLL = 15_000;
const BLOCKED = 30_000;
const BLOCKED_CAP = 600_000;

const SIGNED_OUT = 4001;
const NOT_HERE = new Set([4004, 4009]); // no sockets at this server, or too many of ours: HTTP meanwhile
const TOO_FAST = 4029;

export class Link {
  /** @type {Ways} */
  #ways;
  /** @type {WebSocket | null} */
  #socket = null;
  /** @type {State} */
  #state = "connecting";
  #stopped = true;
  /** @type {(why: string) => void} */
  #wake = () => {};
  /** @type {(code: number) => void} */
  #cut = () => {};

  /** @param {Ways} ways */
  constructor(ways) {
    this.#ways = ways;
  }

  get state() {
    return this.#state;
  }

  start() {
    this.#stopped = false;
    addEventListener("online", this.#online);
    addEventListener("offline", this.#offline);
    document.addEventListener("visibilitychange", this.#visible);
    this.#run();
  }

  stop() {
    this.#stopped = true;
    removeEventListener("online", this.#online);
    removeEventListener("offline", this.#offline);
    document.removeEventListener("visibilitychange", this.#visible);
    this.#cut(1000);
    this.#wake("stop");
  }

  /** Whether it went out. @param {Record<string, any>} frame */
  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** Ask now, where asking is what we do. */
  poke() {
    if (this.#state === "polling") this.#wake("poke");
  }

  #online = () => this.#wake("online");
  #visible = () => document.hidden || this.#wake("visible");
  #offline = () => this.#cut(1006); // a suspicion: the next attempt shows whether it is true

  async #run() {
    let failed = 0; // handshakes in a row
    let tries = 0; // attempts since a connection that settled
    let blocked = 0;
    while (!this.#stopped) {
      const { code, lived } = await this.#connection();
      if (this.#stopped) return;
      if (code === SIGNED_OUT && !this.#ways.renews) return this.#say("signed-out");
      failed = lived > 0 ? 0 : failed + 1;
      if (lived > SETTLED) tries = blocked = 0;
      tries = code === TOO_FAST ? tries + 5 : tries + 1;
      if (failed < 2 && !NOT_HERE.has(code)) {
        this.#say(navigator.onLine ? "connecting" : "offline");
        await this.#pause(jitter(tries - 1));
        continue;
      }
      const asked = await this.#poll(jittered(Math.min(BLOCKED_CAP, BLOCKED * 2 ** blocked)));
      if (asked === "refused") return this.#say("signed-out");
      if (asked === "there") blocked += 1;
      else await this.#pause(jitter(tries - 1));
    }
  }

  /** One socket from its handshake to its end. @returns {Promise<{code: number, lived: number}>} */
  async #connection() {
    /** @type {string[]} */
    let protocols;
    try {
      protocols = await this.#ways.protocols();
    } catch {
      return { code: 1006, lived: 0 };
    }
    if (this.#stopped) return { code: 1000, lived: 0 };
    return new Promise((resolve) => {
      const socket = new WebSocket(this.#ways.address, protocols);
      let opened = 0;
      /** @type {ReturnType<typeof setTimeout>} */
      let silence;
      const listen = (/** @type {number} */ patience) => {
        clearTimeout(silence);
        silence = setTimeout(() => this.#cut(1006), patience);
      };
      // A dead network may keep a close from ending for minutes, so nobody waits for it.
      this.#cut = (code) => {
        clearTimeout(silence);
        socket.onmessage = socket.onclose = null;
        if (socket.readyState === WebSocket.OPEN) socket.close();
        else socket.onopen = () => socket.close(); // closing one that is not open yet makes browsers complain
        this.#socket = null;
        this.#cut = () => {};
        resolve({ code, lived: opened && Math.max(performance.now() - opened, 1) });
      };
      socket.onclose = (event) => this.#cut(event.code);
      socket.onmessage = (event) => {
        listen(SILENCE);
        const frame = JSON.parse(event.data);
        if (frame.type === "hello") {
          if (!this.#ways.isOurs(frame)) return this.#cut(SIGNED_OUT);
          opened = performance.now();
          this.#socket = socket;
          this.#say("live");
        }
        this.#ways.onFrame(frame);
      };
      listen(HANDSHAKE);
    });
  }

  /** Ask every now and then, for so long. "there": it went well to the end; then it is time to try the socket.
   * @param {number} duration @returns {Promise<"there" | "away" | "refused">} */
  async #poll(duration) {
    const until = performance.now() + duration;
    for (;;) {
      const answer = await this.#ways.poll();
      if (this.#stopped) return "there";
      if (answer === "away") this.#say("offline");
      if (answer !== "there") return answer;
      this.#say("polling");
      const left = until - performance.now();
      if (left <= 0 || (await this.#pause(Math.min(POLL, left))) === "online") return "there";
    }
  }

  /** @param {number} milliseconds @returns {Promise<string>} why it ended */
  #pause(milliseconds) {
    return new Promise((resolve) => {
      const end = (/** @type {string} */ why) => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve(why);
      };
      const timer = setTimeout(() => end("time"), milliseconds);
      this.#wake = end;
    });
  }

  /** @param {State} state */
  #say(state) {
    if (state === this.#state || this.#stopped) return;
    this.#state = state;
    this.#ways.onState(state);
  }
}

/** @param {number} failed */
function jitter(failed) {
  return Math.random() * Math.min(CAP, BASE * 2 ** failed);
}

/** Within a fifth. @param {number} milliseconds */
function jittered(milliseconds) {
  return milliseconds * (0.9 + Math.random() * 0.2);
}
