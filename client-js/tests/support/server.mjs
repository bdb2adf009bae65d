// Servers of a test's own, for what the shared one must not suffer.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";

const PROGRAM = required("BULLA_TEST_PROGRAM");

/** The server that `scripts/with-server` started. */
export const URL_OF_SERVER = required("BULLA_TEST_URL");

/**
 * Runs a task beside a server on an empty data folder.
 *
 * @param {Record<string, string>} settings
 * @param {(server: Awaited<ReturnType<typeof start>>) => Promise<void>} task
 */
export async function withServer(settings, task) {
  const folder = await mkdtemp(join(tmpdir(), "bulla-client-"));
  const server = await start(folder, settings);
  try {
    await task(server);
  } finally {
    await server.stop();
    await rm(folder, { recursive: true });
  }
}

/** Settings for a server whose clock goes after. The program `faketime` would stay in between, and take the signals. */
export function clockSetBack(minutes) {
  const library = execFileSync("faketime", ["-m", "-f", "+0s", "printenv", "LD_PRELOAD"], { encoding: "utf8" });
  return { LD_PRELOAD: library.trim(), FAKETIME: `-${minutes}m` };
}

async function start(folder, settings) {
  const environment = {
    ...process.env,
    BULLA_METRICS_ADDRESS: "off",
    BULLA_ADDRESS_RATE: "off",
    PORT: "0",
    ...settings,
    BULLA_DATA_DIR: join(folder, "data"),
  };
  let running = await serve(environment);
  return {
    url: running.url,
    folder: environment.BULLA_DATA_DIR,
    stop: () => running.stop(),

    /** Stops it and starts it again at the same address. */
    async restart(changed = {}) {
      await running.stop();
      const { port } = new URL(running.url);
      running = await serve({ ...environment, ...changed, PORT: port });
    },

    /** What an operator types. */
    async command(...words) {
      const child = spawn(PROGRAM, words, { env: environment, stdio: ["ignore", "ignore", "pipe"] });
      let complaint = "";
      child.stderr.on("data", (text) => (complaint += text));
      const [code] = await once(child, "exit");
      if (code !== 0) throw new Error(`bulla ${words.join(" ")}: ${complaint}`);
    },
  };
}

async function serve(env) {
  const child = spawn(PROGRAM, ["serve"], { env, stdio: ["ignore", "ignore", "pipe"] });
  const exited = once(child, "exit");
  const lines = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    const address = line.includes('"ready"') && /"address":"([0-9.:]+)"/.exec(line);
    if (!address) continue;
    child.stderr.resume();
    const stop = async () => {
      child.kill();
      await exited;
    };
    return { url: `http://${address[1]}`, stop };
  }
  throw new Error(`the server did not start:\n${lines.join("\n")}`);
}

function required(name) {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set: run these tests with client-js/tests/run`);
  return value;
}
