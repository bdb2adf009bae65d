// What a reader meets first: short files that say what they show, and a table that leads to each.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

import { EXAMPLES } from './support.mjs';

const MOST_LINES = 60;
const MOST_COLUMNS = 120;
const NOT_OURS = new Set(['node_modules', 'target', 'tests', '__pycache__', '.venv', 'out']);

const entries = fs.readdirSync(EXAMPLES, { withFileTypes: true });
const folders = entries.filter((entry) => entry.isDirectory() && !NOT_OURS.has(entry.name));
const files = folders.flatMap(({ name }) => filesIn(path.join(EXAMPLES, name)));
const programs = files.filter((file) => /\.(conf|java|js|php|py|rs|sh)$/.test(file));
const read = (file) => fs.readFileSync(file, 'utf8');

test('every program is short', () => {
  assert.ok(programs.length >= 13, `there are ${programs.length}`);
  for (const file of programs) {
    const lines = read(file).trimEnd().split('\n');
    assert.ok(lines.length < MOST_LINES, `${file} has ${lines.length} lines`);
    for (const line of lines) assert.ok([...line].length <= MOST_COLUMNS, `${file}: ${line}`);
  }
});

test('every program begins with a sentence that says what it shows', () => {
  for (const file of programs) {
    const [first] = read(file).replace(/^(#!|<\?php).*\n/, '').split('\n');
    assert.match(first, /^(#|\/\/|\/\/!|""") ?[A-Z].{30,}\.$/, file);
  }
});

test('the table leads to every example, and to nothing else', () => {
  const readme = read(path.join(EXAMPLES, 'README.md'));
  const rows = [...readme.matchAll(/^\| \[(\w+)\]\((\S+)\) \| .+ \| `.+` \|$/gm)];
  assert.deepEqual(rows.map(([, name]) => name).sort(), folders.map(({ name }) => name).sort());
  for (const [, name, file] of rows) {
    assert.ok(file.startsWith(`${name}/`) && fs.existsSync(path.join(EXAMPLES, file)), file);
  }
});

test('every dependency has one version, and comes from nowhere in particular', () => {
  const lists = files.filter((file) => file.endsWith('requirements.txt'));
  assert.equal(lists.length, 2);
  for (const file of lists) {
    for (const line of read(file).trimEnd().split('\n')) assert.match(line, /^[\w[\]-]+==[\d.]+$/, file);
  }
  const { dependencies } = JSON.parse(read(path.join(EXAMPLES, 'express/package.json')));
  for (const [name, version] of Object.entries(dependencies)) assert.match(version, /^[\d.]+$/, name);
  assert.doesNotMatch(read(path.join(EXAMPLES, 'express/package-lock.json')), /"resolved"/);
});

function filesIn(folder) {
  return fs.readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const found = path.join(folder, entry.name);
    if (NOT_OURS.has(entry.name)) return [];
    return entry.isDirectory() ? filesIn(found) : [found];
  });
}
