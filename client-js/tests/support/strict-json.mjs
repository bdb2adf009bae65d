// A JSON reader that refuses what JSON.parse lets pass: a name twice (RFC 8259 §4), half a surrogate pair.

/** The value of a text. Objects become Maps, so that no name is special. */
export function parseStrictly(text) {
  let rest = text;
  skipSpace();
  const result = value();
  if (rest !== "") throw new SyntaxError("something follows the value");
  return result;

  function value() {
    if (rest[0] === "{") return object();
    if (rest[0] === "[") return array();
    if (rest[0] === '"') return string();
    return JSON.parse(take(/^(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/));
  }

  function object() {
    const members = new Map();
    take(/^\{/);
    if (rest[0] === "}") return take(/^\}/), members;
    do {
      const name = string();
      if (members.has(name)) throw new SyntaxError("a name occurs twice");
      take(/^:/);
      members.set(name, value());
    } while (take(/^[,}]/) === ",");
    return members;
  }

  function array() {
    const items = [];
    take(/^\[/);
    if (rest[0] === "]") return take(/^\]/), items;
    do items.push(value());
    while (take(/^[,\]]/) === ",");
    return items;
  }

  function string() {
    // JSON.parse knows the escapes and what must be escaped.
    return JSON.parse(take(/^"(?:[^"\\]|\\.)*"/s));
  }

  function take(pattern) {
    const found = pattern.exec(rest);
    if (!found) throw new SyntaxError(`unexpected ${JSON.stringify(rest.slice(0, 10))}`);
    rest = rest.slice(found[0].length);
    skipSpace();
    return found[0];
  }

  function skipSpace() {
    rest = rest.replace(/^[ \t\r\n]+/, "");
  }
}

