// The opener that judges seal() in seal.test.mjs gives each case of spec/vectors/seal.json its verdict.
import assert from "node:assert/strict";
import fs from "node:fs";
import test from "node:test";

import { judge } from "./support/opener.mjs";

const vectors = JSON.parse(fs.readFileSync(new URL("../../spec/vectors/seal.json", import.meta.url)));
const nonceKey = Buffer.from(vectors.nonce_key, "hex");

test("the reference opener agrees with every vector", () => {
  const wrong = vectors.cases.filter((vector) => {
    const keys = vector.keys.map((name) => vectors.keys[name]);
    const { verdict, password, refusal } = judge(vector, keys, nonceKey);
    const found = JSON.stringify([verdict, password, refusal]);
    return found !== JSON.stringify([vector.verdict, vector.password, vector.refusal]);
  });
  assert.deepEqual(wrong.map((vector) => vector.name), []);
  assert.ok(vectors.cases.length > 200, `${vectors.cases.length} cases`);
});
