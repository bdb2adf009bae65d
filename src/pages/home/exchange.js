// The panel "What just happened": the requests that left the browser, and what is inside of an envelope and a token.

import { element } from "./views.js";

const PARTS = [
  ["header", "says how it is sealed, and to which key"],
  ["content key", "random, sealed to the server's RSA key"],
  ["initialization vector", "random"],
  ["ciphertext", "password, purpose, account and nonce, under the content key"],
  ["tag", "shows whether anyone touched it"],
];
const SEALED = { password: "password", current_password: "current password", new_password: "new password" };

/** Watches what is sent by its `fetch`, and writes it into `steps`. */
export function exchange(steps, empty) {
  return {
    fetch: async (input, init) => {
      const response = await fetch(input, init);
      const answer = await response.clone().json().catch(() => null);
      const isFirst = steps.querySelector(".envelope") === null;
      try {
        steps.append(...describe(new URL(input?.url ?? input), init ?? {}, response, answer, isFirst));
      } catch (error) {
        // What cannot be shown was sent all the same.
        console.warn("the panel cannot show this answer", error);
      }
      empty.hidden = steps.children.length > 0;
      return response;
    },
    /** What it knows of a person, when that person is gone. */
    forget() {
      for (const facts of steps.querySelectorAll(".claims")) facts.remove();
    },
    /** A new story; the one before is wiped. */
    begin(title) {
      steps.replaceChildren();
      steps.ariaLabel = title;
      empty.hidden = false;
    },
  };
}

function describe(url, init, response, answer, isFirst) {
  const method = init.method ?? "GET";
  const wire = () =>
    element("p", "wire", element("code", "", `${method} ${url.pathname}`), element("span", "status", ` → ${response.status}`));
  if (url.pathname.endsWith("/sealing-key") && answer?.kid) return [step("Your browser fetched the server's key", wire(), ...key(answer))];
  const made = sealed(init.body).map(([name, envelope]) => step(`Your browser sealed the ${SEALED[name]}`, ...parts(envelope, isFirst)));
  return [...made, step(outcome(method, url, response, answer), wire(), ...details(init, response, answer))];
}

const OUTCOMES = {
  "POST /register": "The server made the account",
  "POST /logout": "The server ended the session",
  "GET /profile": "The server said who you are",
  "PATCH /profile": "The server changed the name",
  "GET /sessions": "The server listed the sessions",
  "DELETE /sessions": "The server ended every session",
};

function outcome(method, url, response, answer) {
  if (!response.ok) return "The server refused";
  if (answer?.access_token) return "The server answered with a token";
  return OUTCOMES[`${method} ${url.pathname.replace(/.*\/api\/auth/, "")}`] ?? "The server ended the session";
}

function details(init, response, answer) {
  if (!response.ok) return answer?.code ? [facts([["code", answer.code], ["detail", answer.detail]])] : [];
  if (answer?.access_token) return token(answer);
  const hasToken = new Headers(init.headers).has("Authorization");
  return hasToken ? [element("p", "", "Asked with the token. Its session was looked up, so an ended one is refused at once.")] : [];
}

function key({ kid, jwk, nonce, nonce_expires_in: seconds }) {
  const bits = Math.round((jwk.n.length * 6) / 8) * 8;
  return [
    element("p", "", "Keys rotate by themselves, so it asks anew. The nonce proves later that the envelope is fresh."),
    facts([["kid", kid], ["key", `RSA, ${bits} bits`], ["nonce", `${nonce} (for ${duration(seconds)})`]]),
  ];
}

/** The sealed members of a request. */
function sealed(body) {
  if (typeof body !== "string") return [];
  const members = Object.entries(JSON.parse(body));
  return members.filter(([name, value]) => name in SEALED && typeof value === "string" && value.split(".").length === 5);
}

/** What the parts are is said once a story. */
function parts(envelope, isFirst) {
  const texts = envelope.split(".");
  const shown = element("p", isFirst ? "envelope" : "envelope again");
  texts.forEach((text, index) => shown.append(index ? "." : "", element("span", `part part-${index + 1}`, text)));
  shown.tabIndex = 0;
  shown.setAttribute("role", "group");
  shown.ariaLabel = "The envelope";
  if (!isFirst) return [shown];
  const legend = PARTS.map(([name, meaning], index) =>
    element(
      "li",
      "",
      element("span", `part part-${index + 1}`),
      element("span", "", element("b", "", name), `: ${meaning}`),
      element("span", "size", `${Math.floor((texts[index].length * 6) / 8)} bytes`),
    ),
  );
  return [
    element("p", "", "This is all that anything between here and the server gets to see, and it is worth nothing a second time."),
    shown,
    element("ul", "legend", ...legend),
  ];
}

function token({ access_token: access, expires_in: seconds }) {
  const claims = decoded(access.split(".")[1]);
  return [
    element("p", "", `Any service can check it without asking, for ${duration(seconds)}. These are its claims; the signature is not shown.`),
    facts(Object.entries(claims).map(([name, value]) => [name, readable(name, value)])),
  ];
}

function readable(name, value) {
  return name === "iat" || name === "exp" ? `${value} (${new Date(value * 1000).toLocaleTimeString()})` : String(value);
}

function duration(seconds) {
  return seconds % 60 === 0 && seconds > 60 ? `${seconds / 60} minutes` : `${seconds} s`;
}

function decoded(text) {
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return JSON.parse(new TextDecoder().decode(Uint8Array.from(binary, (character) => character.charCodeAt(0))));
}

function facts(pairs) {
  return element("dl", "claims", ...pairs.flatMap(([name, value]) => [element("dt", "", name), element("dd", "", value)]));
}

function step(title, ...content) {
  return element("li", "step", element("h3", "", title), ...content);
}
