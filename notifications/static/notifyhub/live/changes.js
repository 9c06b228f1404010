// What changed since a cursor, asked for over HTTP, as the frames that a socket would bring.

import { Refused } from "./http.js";

/**
 * @param {import("./http.js").Http} http
 * @param {{tenant: string, person: string, cursor: string | null}} whose  `person` where that is known
 * @param {(item: Record<string, any>) => boolean} isNew
 * @returns {Promise<Record<string, any>[]>} the last one says where the inbox stands
 */
export async function changes(http, { tenant, person, cursor }, isNew) {
  const found = await http.get("inbox/changes/", { cursor: cursor ?? "0.1" }); // `0.1` fits no history
  if (person && found.person !== person) throw new Refused(403, "somebody else is signed in");
  const end = { type: "resumed", tenant, cursor: found.cursor, unread: found.unread };
  if (cursor === null) return [{ type: "hello", inboxes: [end] }];
  if (found.resync) return [{ type: "resync", tenant, cursor: found.cursor }, end];
  const [epoch] = found.cursor.split(".");
  let after = cursor;
  const lead = (/** @type {Record<string, any>} */ news, /** @type {string} */ to) => {
    const frame = { type: "update", tenant, after, cursor: to, ...news };
    after = to;
    return frame;
  };
  const frames = found.results.map((/** @type {any} */ item) =>
    lead({ type: isNew(item) ? "item" : "update", item }, `${epoch}.${item.rev}`),
  );
  const marks = Object.keys(found.read_upto).length ? { read_upto: found.read_upto } : {};
  if (after !== found.cursor || "read_upto" in marks) frames.push(lead(marks, found.cursor));
  return [...frames, end];
}
