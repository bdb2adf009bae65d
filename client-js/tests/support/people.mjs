// People with accounts, and what their clients sent.
import { createClient } from "../../src/index.js";
import { URL_OF_SERVER } from "./server.mjs";

export const PASSWORD = "quiet tides wander north";
export const OTHER_PASSWORD = "seven lanterns over slate";

let count = 0;

/** An address that nobody has yet. */
export function newEmail() {
  count += 1;
  return `ada-${process.pid}-${count}@example.com`;
}

/** A registered person's client, which keeps in `sent` each request as "POST /login 200". */
export async function newPerson(options = {}, url = URL_OF_SERVER) {
  const email = newEmail();
  const { client, sent } = newClient(options, url);
  await client.register({ name: "Ada Lovelace", email, password: PASSWORD });
  return { client, email, sent };
}

/** Somebody who has logged in, with nothing noted as sent yet. */
export async function newCaller(options = {}, url = URL_OF_SERVER) {
  const person = await newPerson(options, url);
  await person.client.login({ email: person.email, password: PASSWORD });
  person.sent.length = 0;
  return person;
}

export function newClient({ fetch = globalThis.fetch, ...options } = {}, url = URL_OF_SERVER) {
  const sent = [];
  const client = createClient(url, {
    ...options,
    async fetch(input, init) {
      const { method, url } = input instanceof Request ? input : { method: init?.method ?? "GET", url: input };
      const note = `${method} ${new URL(url).pathname.replace("/api/auth", "")}`;
      const place = sent.push(note) - 1;
      const response = await fetch(input, init);
      sent[place] = `${note} ${response.status}`;
      return response;
    },
  });
  return { client, sent };
}

/** A storage whose session a test may look at and change. */
export function openStorage() {
  return {
    session: null,
    get() {
      return this.session && structuredClone(this.session);
    },
    set(session) {
      this.session = session;
    },
    remove() {
      this.session = null;
    },
    /** The client's clock says that the access token is no longer good. The server knows better. */
    expire() {
      this.session.expires_at = Date.now() - 1;
    },
  };
}
