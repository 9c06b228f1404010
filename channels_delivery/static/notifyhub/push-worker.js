// The service worker: shows each push, leads a click to the site, and keeps the subscription alive.
"use strict";

const API = "/api/v1/push/";
const DEADLINE = 10_000; // milliseconds for an answer

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => event.waitUntil(show(event.data)));
self.addEventListener("notificationclick", (event) => event.waitUntil(clicked(event)));
self.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));

/** Every push has to show something, or the browser says that the site was busy in the background. */
async function show(data) {
  const told = read(data);
  await self.registration.showNotification(told.title, {
    body: told.body || "",
    tag: told.tag || told.id || "",
    renotify: Boolean(told.tag || told.id),
    image: safe(told.image) || undefined,
    requireInteraction: Boolean(told.stays),
    data: { id: told.id, url: safe(told.url), actions: actions(told).map(([, url]) => url) },
    actions: [
      ...actions(told).map(([title], place) => ({ action: `go-${place}`, title })),
      { action: "dismiss", title: "Dismiss" },
    ],
  });
}

function read(data) {
  try {
    const told = data?.json();
    if (told && typeof told.title === "string" && told.title) return told;
  } catch {
    // not ours, or cut on its way
  }
  return { title: "You have a new message." };
}

const actions = (told) =>
  (Array.isArray(told.actions) ? told.actions : [])
    .map((one) => [String(one?.label ?? ""), safe(one?.url)])
    .filter(([label, url]) => label && url)
    .slice(0, 2);

/** A link that a person may be led to: of this site, or of another by http(s). */
function safe(url) {
  if (typeof url !== "string" || !url) return "";
  try {
    const found = new URL(url, self.location.origin);
    return ["http:", "https:"].includes(found.protocol) ? found.href : "";
  } catch {
    return "";
  }
}

async function clicked(event) {
  const { notification, action } = event;
  notification.close();
  if (action === "dismiss") return;
  const place = /^go-(\d)$/.exec(action);
  await open((place && notification.data?.actions?.[Number(place[1])]) || notification.data?.url || "/inbox/");
}

/** In a tab of this site that is open already, or in a new one. */
async function open(url) {
  const target = new URL(url, self.location.origin);
  const tabs = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = tabs.find((one) => one.url === target.href);
  if (same) return void (await same.focus());
  const near = target.origin === self.location.origin && tabs.find((one) => one.focused || one.visibilityState === "visible");
  if (near) {
    try {
      const led = await near.navigate(target.href);
      return void (await (led ?? near).focus());
    } catch {
      // a tab that this worker does not control cannot be led
    }
  }
  await self.clients.openWindow(target.href);
}

async function renew(event) {
  const old = event.oldSubscription ?? null;
  const options = old?.options ?? (await key());
  if (!options) return;
  const fresh = event.newSubscription ?? (await self.registration.pushManager.subscribe(options));
  const body = { ...plain(fresh), ...(old ? { old_endpoint: old.endpoint } : {}) };
  await ask(old ? "refresh/" : "subscribe/", {
    method: "POST",
    headers: { "Content-Type": "application/json", "X-CSRFToken": await csrf() },
    body: JSON.stringify(body),
  }); // what fails here, the next visit mends: the page subscribes again
}

const plain = (subscription) => {
  const { endpoint, keys } = subscription.toJSON();
  return { endpoint, keys: { p256dh: keys.p256dh, auth: keys.auth } };
};

async function key() {
  const { public_key: applicationServerKey } = await hello();
  return applicationServerKey ? { userVisibleOnly: true, applicationServerKey } : null;
}

/** Not from the cookie: most browsers show a worker none, and a site may hide it from scripts. */
async function csrf() {
  return (await hello()).csrf_token ?? "";
}

async function hello() {
  const answer = await ask("vapid-public-key/");
  return answer.ok ? JSON.parse(answer.text) : {};
}

/** The answer is read to its end in any case: unread, it would hold its connection. */
async function ask(path, how = {}) {
  const signal = AbortSignal.timeout(DEADLINE);
  const answer = await fetch(API + path, { credentials: "same-origin", signal, ...how });
  return { ok: answer.ok, text: await answer.text() };
}
