// Makes scripts of Postman, which are lists of lines, out of functions. What a function does with `pm` it does inside
// Postman: it sees none of the variables around it.

/** The lines of a function's body. */
export function lines(script) {
  const body = script.toString().split('\n').slice(1, -1);
  const depth = Math.min(...body.filter((line) => line.trim()).map((line) => line.search(/\S/)));
  return body.map((line) => line.slice(depth));
}

/** A test of an answer that carries tokens: keeps them for the requests that follow. */
export function keepTokens(title, more) {
  const keep = [
    `pm.test('${title}', () => {`,
    '  pm.response.to.have.status(200);',
    '  const tokens = pm.response.json();',
    "  pm.expect(tokens.user.email).to.equal(pm.variables.replaceIn('{{email}}'));",
    "  pm.collectionVariables.set('access_token', tokens.access_token);",
    "  pm.collectionVariables.set('refresh_token', tokens.refresh_token);",
    '});',
  ];
  return more ? [...keep, '', ...lines(more)] : keep;
}

/** A test of a refusal: its status, its code and, if something else is to be seen, that. */
export function refused(status, code, more) {
  const judge = [
    `pm.test('${status} ${code}', () => {`,
    `  pm.response.to.have.status(${status});`,
    `  pm.expect(pm.response.json().code).to.equal('${code}');`,
    '});',
  ];
  return more ? [...judge, '', ...lines(more)] : judge;
}
