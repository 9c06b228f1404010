// The tabs of a browser among each other: exactly one of them leads, and what one says all others hear.
//
// Where there are Web Locks the lock's holder leads; when its tab is closed, the browser hands the lock to the next.
// Elsewhere (plain http, but for localhost) the tabs elect one over a BroadcastChannel. Where there is neither, each
// tab leads itself.

const AGAIN = 5_000; // milliseconds until a file that could not be fetched is asked for again

export class Tabs {
  #name;
  /** @type {BroadcastChannel | null} */
  #channel = null;
  #hear;
  #turn;
  #leads = false;
  /** @type {{start(): void, stop(): void, hear?(message: any): void, take?(): void} | null} */
  #seat = null;

  /** Name of this tab among them. */
  id = Math.random().toString(36).slice(2);

  /**
   * @param {string} name  tabs of the same name belong together
   * @param {{onMessage: (message: Record<string, any>) => void, onTurn: (leads: boolean) => void}} hooks
   */
  constructor(name, { onMessage, onTurn }) {
    this.#name = name;
    this.#hear = onMessage;
    this.#turn = onTurn;
  }

  get leads() {
    return this.#leads;
  }

  start() {
    if ("BroadcastChannel" in window) {
      this.#channel = new BroadcastChannel(this.#name);
      this.#channel.onmessage = ({ data }) => (data.elect ? this.#seat?.hear?.(data) : this.#hear(data));
    }
    this.sit();
  }

  /** Whether this tab leads or waits for its turn. */
  get sits() {
    return this.#seat !== null;
  }

  /** Lead, or wait for one's turn. */
  sit() {
    const turn = (/** @type {boolean} */ leads) => {
      if (leads === this.#leads) return;
      this.#leads = leads;
      this.#turn(leads);
    };
    if (!this.#channel) this.#seat = { start: () => turn(true), stop: () => turn(false) };
    else if (navigator.locks) this.#seat = new Lock(this.#name, turn);
    else this.#seat = this.#elected(turn);
    this.#seat.start();
  }

  /** Leave it to the others to lead; they are still heard. */
  rise() {
    const seat = this.#seat;
    this.#seat = null;
    seat?.stop();
  }

  /** A seat that waits for the file with the rules. While it cannot be fetched, the page stays as it is.
   * @param {(leads: boolean) => void} turn */
  #elected(turn) {
    const waiting = { start() {}, stop() {} };
    const fetch = async () => {
      const file = await import("./election.js").catch(() => null);
      if (this.#seat !== waiting) return;
      if (!file) return void setTimeout(fetch, AGAIN);
      this.#seat = new file.Election(this.id, (message) => this.say(message), turn);
      this.#seat.start();
    };
    fetch();
    return waiting;
  }

  stop() {
    this.rise();
    this.#channel?.close();
    this.#channel = null;
  }

  /** To all other tabs. @param {Record<string, any>} message */
  say(message) {
    this.#channel?.postMessage(message);
  }

  /** The leader does not say anything any more: lead instead of it. */
  take() {
    this.#seat?.take?.();
  }
}

/** Leading as a lock that one holds. */
class Lock {
  #name;
  #turn;
  #stopped = new AbortController();
  /** @type {() => void} */
  #release = () => {};

  /** @param {string} name @param {(leads: boolean) => void} turn */
  constructor(name, turn) {
    this.#name = name;
    this.#turn = turn;
  }

  start() {
    this.#hold({ signal: this.#stopped.signal });
  }

  take() {
    this.#hold({ steal: true });
  }

  stop() {
    this.#stopped.abort();
    this.#release();
    this.#turn(false);
  }

  /** @param {LockOptions} options */
  async #hold(options) {
    /** @type {() => void} */
    let release = () => {};
    const held = new Promise((resolve) => (release = () => resolve(undefined)));
    try {
      await navigator.locks.request(this.#name, options, () => {
        this.#release();
        this.#release = release;
        if (this.#stopped.signal.aborted) return undefined;
        this.#turn(true);
        return held;
      });
    } catch {
      if (this.#stopped.signal.aborted || this.#release !== release) return;
      this.#turn(false); // it was taken from us: wait for our next turn
      this.#hold({ signal: this.#stopped.signal });
    }
  }
}
