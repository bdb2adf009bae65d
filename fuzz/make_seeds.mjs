// Fills fuzz/corpus/envelope and fuzz/corpus/token with every text in spec/vectors.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";

const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8");

for (const [target, vectors, member] of [["envelope", "seal", "envelope"], ["token", "token", "token"]]) {
  const folder = new URL(`corpus/${target}/`, import.meta.url);
  mkdirSync(folder, { recursive: true });
  const { cases } = JSON.parse(read(`../spec/vectors/${vectors}.json`));
  cases.forEach((vector, at) => writeFileSync(new URL(`vector-${at}`, folder), vector[member]));
}
