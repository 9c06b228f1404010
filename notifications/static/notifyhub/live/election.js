// Who leads where browsers have no locks: of those who claim it, the one with the smallest name.

const ASKING = 200; // milliseconds in which a leader answers
const PULSE = 5_000;
const MISSING = 12_000;

export class Election {
  #id;
  #say;
  #turn;
  #leads = false;
  #heard = 0;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #candidacy;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #pulse;

  /** @param {string} id @param {(message: Record<string, any>) => void} say @param {(leads: boolean) => void} turn */
  constructor(id, say, turn) {
    this.#id = id;
    this.#say = say;
    this.#turn = turn;
  }

  start() {
    this.#heard = Date.now();
    this.#say({ elect: "who", id: this.#id });
    this.#stand(ASKING);
    this.#pulse = setInterval(() => {
      if (this.#leads) this.#say({ elect: "here", id: this.#id });
      else if (Date.now() - this.#heard > MISSING) this.#stand(Math.random() * ASKING);
    }, PULSE);
  }

  stop() {
    clearTimeout(this.#candidacy);
    clearInterval(this.#pulse);
    if (this.#leads) this.#say({ elect: "bye", id: this.#id });
    this.#lead(false);
  }

  /** @param {{elect: string, id: string}} message */
  hear({ elect, id }) {
    if (elect === "who") return this.#leads && this.#say({ elect: "here", id: this.#id });
    if (elect === "bye") return this.#stand(Math.random() * ASKING);
    this.#heard = Date.now();
    clearTimeout(this.#candidacy);
    if (this.#leads && id < this.#id) this.#lead(false);
    else if (this.#leads) this.#say({ elect: "here", id: this.#id });
  }

  /** @param {number} pause */
  #stand(pause) {
    clearTimeout(this.#candidacy);
    this.#candidacy = setTimeout(() => {
      this.#say({ elect: "here", id: this.#id });
      this.#lead(true);
    }, pause);
  }

  /** @param {boolean} leads */
  #lead(leads) {
    this.#leads = leads;
    this.#turn(leads);
  }
}
