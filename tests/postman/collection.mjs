// Writes the collection and the environment into spec/, or, with --check, sees that they are what it would write.
//
//     node tests/postman/collection.mjs [--check]

import { readFileSync, writeFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';

import keys from './folders/keys.mjs';
import refusals from './folders/refusals.mjs';
import server from './folders/server.mjs';
import sessions from './folders/sessions.mjs';
import walk from './folders/walk.mjs';
import { lines } from './script.mjs';

const read = (path) => readFileSync(new URL(path, import.meta.url), 'utf8');

const DESCRIPTION = `Sealed passwords in, tokens out: every route of Bulla, and every refusal that can be provoked.

Start a server, choose the environment *Bulla*, and send the requests of the first folder from top to bottom. To be
somebody else, change the variables \`email\`, \`password\` and \`name\`: nothing else needs to be done by hand.

Everything at once is more than the server lets one address do in a minute: start it with \`BULLA_ADDRESS_RATE=off\`, or
wait for half a minute before the next run.

**Sealing happens by itself.** The pre-request script of the collection (see *Scripts*) replaces \`{{sealed_password}}\`
in a body with the variable \`password\`, sealed to the server's key. It uses WebCrypto and nothing else, so it may be
copied; how sealing works is described in \`spec/seal.md\`.

Newman has no WebCrypto, and no other generator of random numbers that would do. Bring the randomness along:

    newman run bulla.postman_collection.json -e bulla.postman_environment.json \\
      --global-var "entropy=$(openssl rand -hex 32)"`;

// What people change. The collection has the same, so that it works without the environment.
const SETTINGS = [
  ['url', 'http://localhost:8080', 'Where the server is, without a slash at the end'],
  ['email', 'ada+{{run}}@example.com', '{{run}} is made anew by each Register, so that the walk can be repeated'],
  ['password', 'quiet tides wander north', 'In clear: it is sealed before it is sent'],
  ['name', 'Ada Lovelace', 'What the account is called'],
];

// What the requests need beside, and what they tell each other.
const INNER = [
  ['new_password', 'slow rivers carry silt south', 'What "Change the password" changes it to'],
  ['wrong_password', 'not the password of anybody', ''],
  ['weak_password', 'passwordpassword', 'On the list of common passwords'],
  ['short_password', 'tide', ''],
  ['run', '1', 'Set by Register'],
  ['access_token', '', 'Set by Login'],
  ['refresh_token', '', 'Set by Login'],
  ['other_access_token', '', 'Set by "Log in on another device"'],
  ['other_session_id', '', 'Set by Sessions'],
];

main();

function main() {
  const wanted = [
    ['../../spec/bulla.postman_collection.json', collection()],
    ['../../spec/bulla.postman_environment.json', environment()],
  ];
  for (const [path, content] of wanted) {
    const text = `${JSON.stringify(content, null, 2)}\n`;
    if (!process.argv.includes('--check')) {
      writeFileSync(new URL(path, import.meta.url), text);
    } else if (read(path) !== text) {
      const name = relative('.', fileURLToPath(new URL(path, import.meta.url)));
      console.error(`${name} is not what tests/postman says; run: node tests/postman/collection.mjs`);
      process.exitCode = 1;
    }
  }
}

function collection() {
  return {
    info: {
      name: 'Bulla',
      description: DESCRIPTION,
      schema: 'https://schema.getpostman.com/json/collection/v2.1.0/collection.json',
    },
    auth: bearer('{{access_token}}'),
    event: [script('prerequest', fileLines('scripts/seal.js')), script('test', fileLines('scripts/answers.js'))],
    variable: [...SETTINGS, ...INNER].map(([key, value, description]) => ({ key, value, description })),
    item: [walk, keys, sessions, refusals, server].map(folder),
  };
}

function environment() {
  const values = SETTINGS.map(([key, value]) => ({ key, value, type: 'default', enabled: true }));
  return { name: 'Bulla', values, _postman_variable_scope: 'environment' };
}

function folder({ name, description, requests }) {
  return { name, description, item: requests.map(request) };
}

function request(asked) {
  const { name, description, method, body, before, test } = asked;
  const event = [script('test', scriptLines(test))];
  if (before) event.unshift(script('prerequest', scriptLines(before)));
  return {
    name,
    event,
    request: {
      ...authentication(asked),
      method,
      header: body ? [{ key: 'Content-Type', value: asked.contentType ?? 'application/json' }] : [],
      ...(body && { body: raw(body, asked.contentType ? 'text' : 'json') }),
      url: url(asked.path, asked.variables),
      description,
    },
    response: [],
  };
}

/** The token of the login is the rule of the collection; a request has another one, or none. */
function authentication({ needsToken, token }) {
  if (needsToken) return {};
  return { auth: token ? bearer(token) : { type: 'noauth' } };
}

function bearer(token) {
  return { type: 'bearer', bearer: [{ key: 'token', value: token, type: 'string' }] };
}

function raw(body, language) {
  const text = typeof body === 'string' ? body : JSON.stringify(body, null, 2);
  return { mode: 'raw', raw: text, options: { raw: { language } } };
}

function url(path, variables = {}) {
  const variable = Object.entries(variables).map(([key, value]) => ({ key, value }));
  return {
    raw: `{{url}}${path}`,
    host: ['{{url}}'],
    path: path.slice(1).split('/'),
    ...(variable.length > 0 && { variable }),
  };
}

function script(listen, exec) {
  return { listen, script: { type: 'text/javascript', exec } };
}

function scriptLines(script) {
  return typeof script === 'function' ? lines(script) : script;
}

function fileLines(path) {
  return read(path).trimEnd().split('\n');
}
