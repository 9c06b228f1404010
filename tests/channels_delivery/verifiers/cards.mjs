// One Adaptive Card a line on stdin; on stdout what Microsoft's own library has against it, a list of sentences.
import { createInterface } from "node:readline";
import cards from "adaptivecards/dist/adaptivecards.js";

for await (const line of createInterface({ input: process.stdin })) {
  const card = new cards.AdaptiveCard(new cards.SerializationContext(cards.Versions.v1_4));
  const context = new cards.SerializationContext(cards.Versions.v1_4);
  card.parse(JSON.parse(line), context);
  const found = [];
  for (let at = 0; at < context.eventCount; at += 1) found.push(context.getEventAt(at).message);
  found.push(...card.validateProperties().validationEvents.map((one) => one.message));
  console.log(JSON.stringify(found));
}
