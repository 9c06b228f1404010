// What a tab knows of its inboxes: how far it has come in each (the cursor), and the unread number. No network and no
// clock in here: frames go in, what they mean comes out.
//
// A cursor is `epoch.rev`. A frame with news says from where it leads (`after`) and to where (`cursor`):
//   leads on from where we are → it is applied;  leads to where we have been → it is a repetition, and ignored;
//   leads on from further ahead → something is missing: whatever is missing is asked for, and this frame comes again.

/**
 * @typedef {{count: number, capped: boolean, by_tab: Record<string, number>}} Unread
 *   `count` is exact up to 99; beyond it is 99 and `capped`. A tab's number is exact up to 99; 100 is "more".
 * @typedef {{id: string, state?: string, read?: boolean, tab?: string, level?: string} & Record<string, any>} Item
 * @typedef {Record<string, any>} Frame
 * @typedef {{cursor: string | null, unread: Unread, resuming: boolean, items: Map<string, Item>, guesses: Set<Guess>}} Inbox
 * @typedef {{ids?: Set<string>, tab?: string | null, now: Partial<Item>, until?: string}} Guess
 *   What we expect to become of items, until a frame or the cursor `until` says what did.
 * @typedef {[name: string, detail: Record<string, any>]} News
 *   `item`, `update`, `unread`, `toast`, `changed`, `resync` for those who listen; `behind` for whoever asks again.
 */

const KNOWN_MAX = 500;
const MANY = 100;

export class Ledger {
  /** @type {Map<string, Inbox>} */
  #inboxes = new Map();

  /** The tenants whose inboxes are known. */
  get tenants() {
    return [...this.#inboxes.keys()];
  }

  /** Begin where a page was when it was made. What is known already stays. @param {string} tenant
   * @param {{cursor?: string, unread?: Unread, items?: Item[]}} page */
  begin(tenant, { cursor, unread, items = [] }) {
    const inbox = this.#inbox(tenant);
    if (inbox.cursor === null) Object.assign(inbox, { cursor: cursor ?? null, unread: unread ?? inbox.unread });
    this.learn(tenant, items);
  }

  /** @param {string} tenant @returns {string | null} */
  cursor(tenant) {
    return this.#inbox(tenant).cursor;
  }

  /** The number to show: what is known, and what we expect. @param {string} tenant @returns {Unread} */
  unread(tenant) {
    const inbox = this.#inbox(tenant);
    const byTab = { ...inbox.unread.by_tab };
    for (const guess of inbox.guesses) {
      if (!guess.ids) for (const tab of Object.keys(byTab)) if (!guess.tab || guess.tab === tab) byTab[tab] = 0;
      for (const id of guess.ids ?? []) {
        const item = inbox.items.get(id);
        if (item) add(byTab, item.tab, Number(isUnread({ ...item, ...guess.now })) - Number(isUnread(item)));
      }
    }
    return counted(byTab);
  }

  /** Remember what was loaded, so that numbers can be foreseen. @param {string} tenant @param {Item[]} items */
  learn(tenant, items) {
    for (const item of items) this.#remember(this.#inbox(tenant), item);
  }

  /** Take a frame in. `relayed`: it came by another tab, which may be behind this one.
   * @param {Frame} frame @returns {News[]} */
  take(frame, { relayed = false } = {}) {
    switch (frame.type) {
      case "hello":
        return frame.inboxes.flatMap((/** @type {Frame} */ one) => this.#standing(one, { now: !relayed, relayed }));
      case "heartbeat":
        return this.#standing(frame, { relayed });
      case "item":
      case "update":
        return this.#news(frame);
      case "resumed":
        return this.#resumed(frame);
      case "resync":
        return this.#resync(frame);
      case "toast":
      case "changed":
        return [[frame.type, frame]];
      default:
        return []; // from a newer server
    }
  }

  /** Say that everything since our cursor was asked for; frames that do not fit are dropped until the answer.
   * @param {string} tenant */
  resuming(tenant, is = true) {
    this.#inbox(tenant).resuming = is;
  }

  /** Whether something is missing, knowing that the inbox stood at `expected` when we stood at `then`.
   * @param {string} tenant @param {string} expected @param {string | null} then */
  misses(tenant, expected, then) {
    const { cursor } = this.#inbox(tenant);
    return cursor !== expected && (cursor === then || !sameHistory(cursor, expected) || isAfter(expected, cursor));
  }

  /** Expect a change. What it does to the items that are known. @param {string} tenant @param {Guess} guess
   * @returns {News[]} */
  expect(tenant, guess) {
    const inbox = this.#inbox(tenant);
    inbox.guesses.add(guess);
    return [...this.#touched(inbox, guess).map((item) => update(tenant, { ...item, ...guess.now }, true)), this.#number(tenant)];
  }

  /** The change was made, and the inbox stood at `cursor` with `unread` then. Until we are there, the guess holds.
   * @param {string} tenant @param {Guess} guess @param {{cursor?: string, unread?: Unread}} answer @returns {News[]} */
  made(tenant, guess, { cursor, unread }) {
    const inbox = this.#inbox(tenant);
    if (cursor && isAfter(cursor, inbox.cursor) && inbox.guesses.has(guess)) {
      guess.until = cursor;
      return [["behind", { tenant, expected: cursor, then: inbox.cursor }]];
    }
    if (cursor === inbox.cursor && unread) inbox.unread = unread;
    this.#settle(inbox, guess);
    return [this.#number(tenant)];
  }

  /** The change was refused: everything is as it was. @param {string} tenant @param {Guess} guess @returns {News[]} */
  refused(tenant, guess) {
    const inbox = this.#inbox(tenant);
    inbox.guesses.delete(guess);
    return [...this.#touched(inbox, guess).map((item) => update(tenant, item, false)), this.#number(tenant)];
  }

  // -- frames ---------------------------------------------------------------------------------------------------

  /** Where an inbox stands. `now`: it stands there while nothing is on its way to us, so what is missing is asked for
   * at once. @param {Frame} frame @returns {News[]} */
  #standing({ tenant, cursor, unread }, { now = false, relayed = false } = {}) {
    const inbox = this.#inbox(tenant);
    if (inbox.cursor === null) inbox.cursor = cursor;
    if (inbox.cursor === cursor) return this.#exactly(tenant, unread);
    if (relayed && isAfter(inbox.cursor, cursor)) return [];
    return [["behind", { tenant, expected: cursor, then: inbox.cursor, now }]];
  }

  /** @param {Frame} frame @returns {News[]} */
  #news(frame) {
    const { tenant, after, cursor, item } = frame;
    const inbox = this.#inbox(tenant);
    if (inbox.cursor === null) inbox.cursor = after;
    if (inbox.cursor !== after) {
      if (sameHistory(cursor, inbox.cursor) && !isAfter(cursor, inbox.cursor)) return [];
      return inbox.resuming ? [] : [["behind", { tenant, expected: cursor, then: inbox.cursor }]];
    }
    inbox.cursor = cursor;
    const isNew = frame.type === "item" && !inbox.items.has(item.id);
    /** @type {News[]} */
    const found = [];
    if (item) {
      this.#remember(inbox, item);
      found.push(isNew ? ["item", { tenant, item }] : update(tenant, inbox.items.get(item.id) ?? item, false));
    }
    if (frame.read_upto) {
      for (const known of inbox.items.values()) if (known.tab && known.tab in frame.read_upto) known.read = true;
      found.push(["update", { tenant, read_upto: frame.read_upto }]);
    }
    if (frame.unread) inbox.unread = frame.unread;
    else if (isNew && isUnread(item)) inbox.unread = counted(add({ ...inbox.unread.by_tab }, item.tab, 1));
    this.#fulfil(inbox, frame);
    return [...found, this.#number(tenant)];
  }

  /** The answer to a question ends. It was ours if it has led us to where it says. @param {Frame} frame
   * @returns {News[]} */
  #resumed({ tenant, cursor, unread }) {
    const inbox = this.#inbox(tenant);
    if (inbox.cursor !== cursor && !isAfter(inbox.cursor, cursor)) return [];
    inbox.resuming = false;
    return inbox.cursor === cursor ? this.#exactly(tenant, unread) : [];
  }

  /** Too much has happened, or it is another history: what is shown is loaded anew. @param {Frame} frame
   * @returns {News[]} */
  #resync({ tenant, cursor }) {
    const inbox = this.#inbox(tenant);
    if (inbox.cursor === cursor) return [];
    if (!inbox.resuming && sameHistory(inbox.cursor, cursor)) {
      return [["behind", { tenant, expected: cursor, then: inbox.cursor, now: true }]];
    }
    Object.assign(inbox, { cursor, resuming: false });
    inbox.items.clear();
    inbox.guesses.clear();
    return [["resync", { tenant, cursor }]];
  }

  /** @param {string} tenant @param {Unread} unread @returns {News[]} */
  #exactly(tenant, unread) {
    const inbox = this.#inbox(tenant);
    inbox.unread = unread;
    this.#fulfil(inbox, {});
    return [this.#number(tenant)];
  }

  // -- what is known --------------------------------------------------------------------------------------------

  /** @param {string} tenant @returns {Inbox} */
  #inbox(tenant) {
    let found = this.#inboxes.get(tenant);
    if (!found) {
      found = { cursor: null, unread: counted({}), resuming: false, items: new Map(), guesses: new Set() };
      this.#inboxes.set(tenant, found);
    }
    return found;
  }

  /** @param {Inbox} inbox @param {Item} item */
  #remember(inbox, item) {
    inbox.items.set(item.id, { ...inbox.items.get(item.id), ...item });
    if (inbox.items.size > KNOWN_MAX) inbox.items.delete(inbox.items.keys().next().value ?? "");
  }

  /** Guesses that this frame has fulfilled, or that we have come past, are over. @param {Inbox} inbox
   * @param {Frame} frame */
  #fulfil(inbox, { item, read_upto }) {
    for (const guess of inbox.guesses) {
      const past = guess.until && !isAfter(guess.until, inbox.cursor);
      const all = !guess.ids && read_upto && (!guess.tab || guess.tab in read_upto);
      if (past || all) this.#settle(inbox, guess);
      else if (item && guess.ids?.has(item.id) && agrees(item, guess.now)) guess.ids.delete(item.id);
    }
  }

  /** @param {Inbox} inbox @param {Guess} guess */
  #settle(inbox, guess) {
    for (const item of this.#touched(inbox, guess)) Object.assign(item, guess.now);
    inbox.guesses.delete(guess);
  }

  /** @param {Inbox} inbox @param {Guess} guess @returns {Item[]} */
  #touched(inbox, guess) {
    const all = [...inbox.items.values()];
    if (guess.ids) return all.filter((item) => guess.ids?.has(item.id));
    return all.filter((item) => isUnread(item) && (!guess.tab || guess.tab === item.tab));
  }

  /** @param {string} tenant @returns {News} */
  #number(tenant) {
    return ["unread", { tenant, unread: this.unread(tenant) }];
  }
}

/** @param {string} tenant @param {Item} item @param {boolean} guess @returns {News} */
function update(tenant, item, guess) {
  return ["update", { tenant, item: { ...item }, guess }];
}

/** @param {Partial<Item>} item */
function isUnread(item) {
  return item.read === false && item.state === "active";
}

/** @param {Item} item @param {Partial<Item>} now */
function agrees(item, now) {
  return Object.entries(now).every(([name, value]) => item[name] === value);
}

/** Beyond 99 nobody counts, so nothing is taken away from there either.
 * @param {Record<string, number>} byTab @param {string} tab @param {number} by */
function add(byTab, tab = "general", by) {
  const had = byTab[tab] ?? 0;
  if (had < MANY) byTab[tab] = Math.max(had + by, 0);
  return byTab;
}

/** @param {Record<string, number>} byTab @returns {Unread} */
function counted(byTab) {
  const sum = Object.values(byTab).reduce((total, number) => total + number, 0);
  return { count: Math.min(sum, MANY - 1), capped: sum >= MANY, by_tab: byTab };
}

/** Whether both belong to one history. An inbox in which nothing ever happened is at `0.0` of any.
 * @param {string | null} one @param {string | null} other */
function sameHistory(one, other) {
  return one === "0.0" || other === "0.0" || one?.split(".")[0] === other?.split(".")[0];
}

/** @param {string | null} one @param {string | null} other */
export function isAfter(one, other) {
  return sameHistory(one, other) && Number(one?.split(".")[1]) > Number(other?.split(".")[1]);
}
