// What the tests of the examples share: programs, ports, requests, and a server's account.

import assert from 'node:assert/strict';
import { execFile, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import net from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

export const EXAMPLES = fileURLToPath(new URL('..', import.meta.url));
export const BUILT = process.env.EXAMPLES_BUILT;
export const BULLA_URL = process.env.BULLA_TEST_URL;
export const PASSWORD = 'quiet tides wander north';
assert.ok(BUILT && BULLA_URL, 'run examples/tests/run');

/** Whether others were asked for: examples/tests/run EXAMPLE … */
export function isLeftOut(example) {
  const asked = (process.env.EXAMPLES_ASKED ?? '').split(' ').filter(Boolean);
  return asked.length > 0 && !asked.includes(example);
}

const WAIT_MILLISECONDS = 20_000;

/** Runs a program to its end: { code, stdout, stderr }. */
export function run([program, ...rest], { input = '', ...options } = {}) {
  return new Promise((resolve) => {
    const child = execFile(program, rest, { timeout: 60_000, ...options }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : (error.code ?? 'killed'), stdout, stderr }));
    // Whoever ends without reading says why by other means.
    child.stdin.on('error', () => {}).end(input);
  });
}

/** Starts a program that listens on a port, and waits until it does. It ends with the test, by the signal. */
export async function start(test, [program, ...rest], port, { signal = 'SIGTERM', ...options } = {}) {
  const child = spawn(program, rest, { stdio: ['ignore', 'pipe', 'pipe'], ...options });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
  const ended = once(child, 'exit');
  test.after(async () => {
    child.kill(signal);
    await ended;
  });
  await eventually(() => {
    assert.equal(child.exitCode, null, `${program} ended: ${output}`);
    return isOpen(port);
  }, () => `${program} does not listen: ${output}`);
}

/** Asks again and again until the answer is true. */
export async function eventually(isSo, complaint, milliseconds = WAIT_MILLISECONDS) {
  const end = performance.now() + milliseconds;
  while (!(await isSo())) {
    assert.ok(performance.now() < end, complaint());
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** One request on a connection of its own: { status, headers, text }. */
export function ask(url, { method = 'GET', headers = {}, body } = {}) {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { method, headers, agent: false, timeout: 15_000 }, async (answer) => {
      let text = '';
      for await (const part of answer) text += part;
      resolve({ status: answer.statusCode, headers: answer.headers, text });
    });
    request.on('timeout', () => request.destroy(new Error(`${url} did not answer in time`)));
    request.on('error', reject).end(body);
  });
}

export const bearer = (token) => ({ headers: { Authorization: `Bearer ${token}` } });

/** Listens on a port of the system's choice and closes with the test: the URL. */
export async function listen(test, server, port = 0) {
  await once(server.listen(port, '127.0.0.1'), 'listening');
  test.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** Free until someone asks for it by its number: to those who let it choose, the system gives higher ones. */
export async function freePort() {
  for (let tries = 0; tries < PORTS; tries++) {
    const port = 10_000 + ((process.pid * 64 + taken++) % PORTS);
    const server = net.createServer();
    try {
      await once(server.listen(port, '127.0.0.1'), 'listening');
    } catch {
      continue;
    }
    await once(server.close(), 'close');
    return port;
  }
  throw new Error(`no port from 10000 on is free, of ${PORTS}; end what listens there`);
}

const PORTS = 22_000;
let taken = 0;

/** A folder of the test's own. */
export function folder(test) {
  const made = fs.mkdtempSync(path.join(os.tmpdir(), 'bulla-example-'));
  test.after(() => fs.rmSync(made, { recursive: true }));
  return made;
}

/** A clock for a program that can be moved: { environment, set(seconds ahead) }. */
export function clock(test) {
  const file = path.join(folder(test), 'clock');
  // In one step, or a program would read half a line.
  const set = (seconds) => {
    fs.writeFileSync(`${file}.new`, `+${seconds}\n`);
    fs.renameSync(`${file}.new`, file);
  };
  set(0);
  const library = execFileSync('faketime', ['-f', '+0', 'printenv', 'LD_PRELOAD'], { encoding: 'utf8' }).trim();
  return { environment: { LD_PRELOAD: library, FAKETIME_TIMESTAMP_FILE: file, FAKETIME_NO_CACHE: '1' }, set };
}

let accounts = 0;

/** A new account that is logged in: the token answer. */
export async function login(url = BULLA_URL) {
  const email = `reader${++accounts}.${process.pid}@example.com`;
  await send(url, 'register', { email, name: 'Reader' });
  return send(url, 'login', { email });
}

async function send(url, purpose, fields) {
  const words = [process.env.BULLA_TEST_PROGRAM, 'seal', '--url', url, '--email', fields.email, '--purpose', purpose];
  const { stdout, stderr } = await run(words, { input: PASSWORD });
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ ...fields, password: stdout.trim() });
  const answer = await ask(`${url}/api/auth/${purpose}`, { method: 'POST', headers, body });
  assert.ok(answer.status < 300, `${purpose}: ${answer.text} ${stderr}`);
  return JSON.parse(answer.text);
}

async function isOpen(port) {
  const socket = net.connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
