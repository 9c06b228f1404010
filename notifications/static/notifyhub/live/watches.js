// Which tabs watch which objects. Every tab knows what it watches itself; the one that leads knows it of all.

export class Watches {
  /** @type {Map<string, Set<string>>} */
  #tabs = new Map();

  /** The objects that somebody watches, as JSON. */
  get names() {
    return [...this.#tabs.keys()];
  }

  /** Whether this tab is the first. @param {string} name @param {string} tab */
  add(name, tab) {
    const tabs = this.#tabs.get(name) ?? new Set();
    this.#tabs.set(name, tabs.add(tab));
    return tabs.size === 1;
  }

  /** Whether this tab was the last. @param {string} name @param {string} tab */
  drop(name, tab) {
    const tabs = this.#tabs.get(name);
    return Boolean(tabs?.delete(tab) && tabs.size === 0 && this.#tabs.delete(name));
  }

  /** @param {string} tab */
  of(tab) {
    return this.names.filter((name) => this.#tabs.get(name)?.has(tab));
  }
}
