// Stands between clients and a server: counts requests, and does to answers what networks do. Beside the API it serves
// an empty page and the package, so that both have one origin.
import http from "node:http";
import { readFile } from "node:fs/promises";

const SOURCE = new URL("../../src/", import.meta.url);
const PAGE = '<!doctype html><link rel="icon" href="data:,"><title>page</title>';

/**
 * @param {string} target
 * @returns The proxy: its `url`, `port` and what it counted and does.
 */
export async function startProxy(target) {
  const proxy = {
    /** Each request as "POST /refresh". */
    seen: [],
    /** May answer in the server's place (`{ status, headers, body }`), change its answer, or lose it (null). */
    rules: [],
    count: (note) => proxy.seen.filter((seen) => seen === note).length,
    async stop() {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    },
  };
  const server = http.createServer((request, response) => {
    answer(proxy, target, request, response).catch(() => response.destroy());
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  proxy.port = server.address().port;
  proxy.url = `http://127.0.0.1:${proxy.port}`;
  return proxy;
}

async function answer(proxy, target, request, response) {
  if (request.url === "/page") return void response.setHeader("Content-Type", "text/html").end(PAGE);
  if (request.url.startsWith("/client/")) {
    const source = await readFile(new URL(request.url.slice("/client/".length), SOURCE));
    return void response.setHeader("Content-Type", "text/javascript").end(source);
  }
  const note = `${request.method} ${request.url.replace("/api/auth", "")}`;
  proxy.seen.push(note);
  const body = Buffer.concat(await request.toArray());
  const forward = () => ask(target, request, body);
  const rule = proxy.rules.find((rule) => rule.note === note && (rule.times ??= Infinity) > 0);
  if (rule) rule.times -= 1;
  const given = await (rule ? rule.answer(forward) : forward());
  if (!given) return void request.socket.destroy();
  response.writeHead(given.status, given.headers).end(given.body);
}

async function ask(target, { method, url, headers }, body) {
  const passed = Object.entries(headers).filter(([name]) => ["authorization", "content-type"].includes(name));
  const init = { method, headers: Object.fromEntries(passed), body: body.length > 0 ? body : undefined };
  const answer = await fetch(target + url, init);
  const kept = ["content-type", "retry-after", "x-request-id"];
  const answered = [...answer.headers].filter(([name]) => kept.includes(name));
  const given = Buffer.from(await answer.arrayBuffer());
  return { status: answer.status, headers: Object.fromEntries(answered), body: given };
}
