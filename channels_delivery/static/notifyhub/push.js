// `<notifyhub-push>`: turn pushes on and off in this browser, and see in which others they are on. `push.css` lays it
// out; buttons and fields look as `notifyhub.css` has them, where a page loads that.

const API = "/api/v1/push/";
const WORKER = "/notifyhub-sw.js";
const DEADLINE = 10_000; // milliseconds for an answer

const WORDS = {
  loading: "Looking at this browser …",
  unsupported: "This browser cannot receive push messages. On an iPhone or iPad, add the site to the home screen first.",
  unready: "Push messages are not set up on this site.",
  denied: "You have blocked messages from this site. Allow them in the settings of the browser, then reload the page.",
  off: "Push messages are off in this browser.",
  on: "Push messages are on in this browser.",
  failed: "That did not work. Try again in a moment.",
  title: "Push messages",
  turnOn: "Turn on",
  turnOff: "Turn off",
  test: "Test",
  name: "Name of the device",
  remove: "Remove",
  works: "It works.",
  looks: "Messages will look like this.",
};

/** Bytes of URL-safe base64, as `applicationServerKey` wants them in older browsers. */
const bytes = (text) =>
  Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (one) => one.charCodeAt(0));

const same = (buffer, other) => {
  const known = new Uint8Array(buffer ?? new ArrayBuffer(0));
  return known.length === other.length && known.every((one, place) => one === other[place]);
};

const plain = (subscription) => {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } };
};

export class NotifyhubPush extends HTMLElement {
  #state = "loading";
  #devices = [];
  #subscription = null;
  #key = null;
  #words = WORDS;

  connectedCallback() {
    const told = this.querySelector("script[data-nh-config]");
    if (told) this.#words = { ...WORDS, ...JSON.parse(told.textContent).words };
    this.#draw();
    this.#look().catch(() => this.#say("failed"));
  }

  /** Where this browser stands. One that is subscribed says so again on each visit: its endpoint may be new. */
  async #look() {
    if (!("serviceWorker" in navigator && "PushManager" in window && "Notification" in window)) return this.#say("unsupported");
    const answer = await this.#ask("vapid-public-key/");
    if (!answer.ok) return this.#say("unready");
    this.#key = bytes(answer.said.public_key);
    const registration = await navigator.serviceWorker.register(WORKER, { scope: "/" });
    this.#subscription = await registration.pushManager.getSubscription();
    if (this.#subscription && !same(this.#subscription.options?.applicationServerKey, this.#key)) {
      await this.#subscription.unsubscribe();
      this.#subscription = null;
    }
    if (this.#subscription && Notification.permission === "granted") await this.#tell();
    await this.#list();
    this.#say(Notification.permission === "denied" ? "denied" : this.#subscription ? "on" : "off");
  }

  /** Only ever from a click. */
  async turnOn() {
    if ((await Notification.requestPermission()) !== "granted") return this.#say("denied");
    const registration = await navigator.serviceWorker.ready;
    this.#subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: this.#key });
    const answer = await this.#tell();
    if (!answer.ok) {
      await this.#subscription.unsubscribe();
      this.#subscription = null;
      return this.#say("failed", answer.said.detail);
    }
    await this.#list();
    this.#say("on");
  }

  async turnOff() {
    const { endpoint } = this.#subscription;
    await this.#ask("unsubscribe/", "POST", { endpoint });
    await this.#subscription.unsubscribe();
    this.#subscription = null;
    await this.#list();
    this.#say("off");
  }

  /** What a push looks like here, without a push service. */
  async test() {
    const registration = await navigator.serviceWorker.ready;
    await registration.showNotification(this.#words.works, { body: this.#words.looks, tag: "notifyhub-test" });
  }

  #tell() {
    return this.#ask("subscribe/", "POST", plain(this.#subscription));
  }

  async #list() {
    const answer = await this.#ask("devices/");
    this.#devices = answer.ok ? answer.said.results : [];
  }

  /** The answer, read to its end in any case: unread, it would hold its connection. */
  async #ask(path, method = "GET", body = undefined) {
    const headers = { "X-CSRFToken": this.getAttribute("csrf") ?? "" };
    if (body) headers["Content-Type"] = "application/json";
    const signal = AbortSignal.timeout(DEADLINE);
    const how = { method, headers, credentials: "same-origin", body: body && JSON.stringify(body), signal };
    const answer = await fetch(API + path, how);
    const text = await answer.text();
    return { ok: answer.ok, said: read(text) };
  }

  #say(state, words = "") {
    this.#state = state;
    this.#draw(words);
  }

  #draw(words = "") {
    const status = element("p", words || this.#words[this.#state]);
    status.setAttribute("role", "status");
    const buttons = element("p");
    if (this.#state === "off" || (this.#state === "failed" && this.#key)) buttons.append(this.#button(this.#words.turnOn, () => this.turnOn()));
    if (this.#state === "on") {
      buttons.append(this.#button(this.#words.turnOff, () => this.turnOff()), this.#button(this.#words.test, () => this.test()));
    }
    const list = element("ul");
    list.append(...this.#devices.map((one) => this.#device(one)));
    this.dataset.state = this.#state;
    this.replaceChildren(element("h2", this.#words.title), status, buttons, ...(this.#devices.length ? [list] : []));
  }

  #device(one) {
    const row = element("li");
    const name = element("input");
    name.className = "nh-input";
    Object.assign(name, { value: one.label, maxLength: 100, placeholder: new URL(one.service).hostname });
    name.setAttribute("aria-label", this.#words.name);
    name.addEventListener("change", () => {
      this.#ask(`devices/${one.id}/`, "PATCH", { label: name.value }).catch(() => this.#say("failed"));
    });
    const remove = this.#button(this.#words.remove, async () => {
      await this.#ask(`devices/${one.id}/`, "DELETE");
      await this.#list();
      this.#draw();
    });
    row.append(name, " ", remove);
    return row;
  }

  #button(words, work) {
    const found = element("button", words);
    found.type = "button";
    found.className = words === this.#words.turnOn ? "nh-button nh-button--primary" : "nh-button";
    found.addEventListener("click", async () => {
      found.disabled = true;
      await work().catch(() => this.#say("failed"));
      found.disabled = false;
    });
    return found;
  }
}

/** Some answers are empty, and a proxy may answer in its own words. */
function read(text) {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}

function element(name, words = "") {
  const found = document.createElement(name);
  found.textContent = words;
  return found;
}

customElements.define("notifyhub-push", NotifyhubPush);
