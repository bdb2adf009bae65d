// The README's programs do what it says, word for word but for the addresses.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { PASSWORD, newEmail, newPerson } from "./support/people.mjs";
import { URL_OF_SERVER } from "./support/server.mjs";

const HERE = fileURLToPath(new URL("..", import.meta.url));
const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
const [session, sealing] = [...readme.matchAll(/```js\n(.*?)```/gs)].map(([, program]) => program);

test("the first program registers, logs in, lists sessions, asks a service and logs out", async () => {
  const email = newEmail();
  assert.ok(session.split("\n").length <= 15);
  const said = await run(`${session.replace("ada@example.com", email)}; console.log("asked:", answer.status)`);
  assert.match(said, /^login Ada Lovelace\n/);
  assert.ok(said.includes(`email: '${email}'`) && said.includes("current: true"));
  assert.match(said, /\nlogout undefined\nasked: 200\n$/);
});

test("the second program seals a password that the server opens", async () => {
  const { email } = await newPerson();
  const names = `const email = ${JSON.stringify(email)}, password = ${JSON.stringify(PASSWORD)};`;
  const login = `const answer = await fetch("https://auth.example.com/api/auth/login", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ email, password: sealed }),
  });
  console.log(answer.status);`;
  assert.equal(await run(names + sealing + login), "200\n");
});

/** Runs a program here, where `@bulla/client` is this package. */
async function run(program) {
  const here = program
    .replaceAll("https://auth.example.com", URL_OF_SERVER)
    .replaceAll("https://api.example.com/orders", `${URL_OF_SERVER}/api/auth/verify`);
  const words = ["--input-type=module", "-e", here];
  return (await promisify(execFile)(process.execPath, words, { cwd: HERE })).stdout;
}
