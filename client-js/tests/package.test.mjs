// The package as others get it: its size, its types, what is in it.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { copyFile, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";

import { build } from "esbuild";

const MOST_BYTES = 6_000;
const MOST_BYTES_OF_SEAL = 1_500;
const HERE = fileURLToPath(new URL("..", import.meta.url));
const TSC = join(HERE, "node_modules/typescript/bin/tsc");
const run = promisify(execFile);

test("the whole client stays small", async (context) => {
  const bytes = gzipSync(await bundle(`export * from "./src/index.js"`, HERE), { level: 9 }).length;
  context.diagnostic(`${bytes} bytes minified and gzipped`);
  assert.ok(bytes < MOST_BYTES, `${bytes} bytes`);
});

test("seal comes without the rest, from both doors", async (context) => {
  for (const door of ["./src/index.js", "./src/seal.js"]) {
    const text = await bundle(`export { seal } from "${door}"`, HERE);
    const bytes = gzipSync(text, { level: 9 }).length;
    context.diagnostic(`${bytes} bytes from ${door}`);
    assert.ok(bytes < MOST_BYTES_OF_SEAL, `${bytes} bytes`);
    assert.ok(text.includes("RSA-OAEP") && !text.includes("BroadcastChannel"));
  }
});

test("the implementation is what index.d.ts declares", () => checkTypes(HERE, ["-p", "."]));

test("a project of others installs it, checks its types, bundles and runs it", async () => {
  const project = await mkdtemp(join(tmpdir(), "bulla-consumer-"));
  try {
    await writeFile(join(project, "package.json"), '{ "type": "module" }');
    await copyFile(join(HERE, "tests/types/consumer.ts"), join(project, "consumer.ts"));
    const { stdout } = await run("npm", ["pack", "--silent", "--pack-destination", project], { cwd: HERE });
    const install = ["install", "--offline", "--no-audit", "--no-fund", join(project, stdout.trim())];
    await run("npm", install, { cwd: project });

    for (const resolution of ["nodenext", "bundler"]) {
      const module = resolution === "bundler" ? "esnext" : resolution;
      const options = ["--strict", "--noEmit", "--target", "es2022", "--types", ""];
      const found = ["--module", module, "--moduleResolution", resolution];
      await checkTypes(project, [...options, ...found, "--skipLibCheck", "false", "consumer.ts"]);
    }
    const text = await bundle(`export * from "@bulla/client"`, project);
    assert.ok(text.includes("createClient") && text.includes("RSA-OAEP"));

    const doors = '["@bulla/client", "@bulla/client/seal"]';
    const program = `for (const door of ${doors}) console.log(Object.keys(await import(door)))`;
    const said = (await run(process.execPath, ["--input-type=module", "-e", program], { cwd: project })).stdout;
    const names = [["BullaError", "createClient", "memoryStorage", "seal", "webStorage"], ["seal"]];
    assert.deepEqual(said.match(/\w+/g), names.flat());
    const packed = await readdir(join(project, "node_modules/@bulla/client"));
    assert.deepEqual(packed.sort(), ["LICENSE", "README.md", "package.json", "src"]);
  } finally {
    await rm(project, { recursive: true });
  }
});

test("nothing but what is needed, in exact versions, from nowhere in particular", async () => {
  const { dependencies, devDependencies } = JSON.parse(await readFile(join(HERE, "package.json"), "utf8"));
  assert.equal(dependencies, undefined);
  for (const version of Object.values(devDependencies)) assert.match(version, /^\d+\.\d+\.\d+$/);
  const lock = await readFile(join(HERE, "package-lock.json"), "utf8");
  assert.ok(!/"resolved"|https?:\/\/(?!opencollective|github)/.test(lock));
});

test("the types and the README know every code of the server's description", async () => {
  const declared = codesIn(await readFile(join(HERE, "src/index.d.ts"), "utf8"));
  const { paths } = JSON.parse(await readFile(join(HERE, "../spec/openapi.json"), "utf8"));
  const operations = Object.values(paths).flatMap((path) => Object.values(path));
  const responses = operations.flatMap((operation) => Object.values(operation.responses));
  const refusals = responses.filter(({ content }) => content?.["application/problem+json"]);
  const described = new Set(refusals.flatMap(({ description }) => description.split(", ")));
  assert.ok(described.size > 10);
  assert.deepEqual([...described].filter((code) => !declared.includes(code)), []);
  const readme = await readFile(join(HERE, "README.md"), "utf8");
  assert.deepEqual(declared.filter((code) => !readme.includes(`\`${code}\``)), []);
});

/** The texts of the two unions of codes. */
function codesIn(declarations) {
  const unions = declarations.match(/type (?:Server|Client)ErrorCode =[^;]*;/g);
  return unions.flatMap((union) => [...union.matchAll(/\| "(\w+)"/g)].map(([, code]) => code));
}

async function bundle(contents, resolveDir) {
  const options = { bundle: true, minify: true, write: false, format: "esm", target: "es2022" };
  const { outputFiles, warnings } = await build({ ...options, stdin: { contents, resolveDir } });
  assert.deepEqual(warnings, []);
  return outputFiles[0].text;
}

async function checkTypes(cwd, words) {
  try {
    await run(process.execPath, [TSC, ...words], { cwd });
  } catch (error) {
    assert.fail(error.stdout);
  }
}
