// One case a line on stdin, {package, secret, headers, body (base64)}; on stdout what the package says of it: "" or why not.
import { createInterface } from "node:readline";
import * as standardwebhooks from "standardwebhooks";
import * as svix from "svix";

const packages = { standardwebhooks, svix };

for await (const line of createInterface({ input: process.stdin })) {
  const { package: name, secret, headers, body } = JSON.parse(line);
  let says = "";
  try {
    new packages[name].Webhook(secret).verify(Buffer.from(body, "base64"), headers);
  } catch (error) {
    says = error.message || "refused";
  }
  console.log(JSON.stringify(says));
}
