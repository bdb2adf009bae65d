// Brings the page to life: which view is shown, and what its forms and buttons do.

import { createClient, webStorage } from "./client/index.js";
import { exchange } from "./exchange.js";
import { clearForms, handle, refuse } from "./forms.js";
import { hint } from "./strength.js";
import { announce, notify, showSessions, showUser, showView, viewNamed } from "./views.js";

const story = exchange(document.getElementById("exchange-steps"), document.getElementById("exchange-empty"));

// The server is where the page came from, perhaps below a path. A session lasts as long as the tab, over reloads.
const server = new URL(".", document.baseURI);
const client = createClient(server, { storage: webStorage(sessionStorage), fetch: story.fetch });

// What the address says after `#`; strangers and people see different views.
const VIEWS = { strangers: ["log-in", "register"], people: ["profile", "sessions", "password"] };
const opened = { sessions: listSessions };

const forms = {
  "log-in": async ({ email, password }) => {
    story.begin("Logging in");
    await client.login({ email, password });
    announce("You are logged in.");
  },
  register: async ({ name, email, password }) => {
    story.begin("Creating an account");
    await client.register({ name, email, password });
    try {
      await client.login({ email, password });
      announce("Your account is ready, and you are logged in.");
    } catch {
      go("log-in", "Your account is ready, but the login did not work yet. Log in again in a moment.");
    }
  },
  profile: async ({ name }) => {
    story.begin("Changing the name");
    await client.updateProfile({ name });
    notify("Saved.");
  },
  password: async ({ current_password: currentPassword, new_password: newPassword }) => {
    story.begin("Changing the password");
    await client.changePassword({ currentPassword, newPassword });
    go("profile", "Your password is changed, and every other session has ended.");
  },
};

const actions = {
  "log-out": async () => {
    story.begin("Logging out");
    try {
      await client.logout();
      announce("You are logged out.");
    } catch {
      go("log-in", "You are logged out here, but the server could not be told: there the session ends by itself.");
    }
  },
  "end-all": async () => document.getElementById("end-all").showModal(),
  "end-all-not": async () => document.getElementById("end-all").close(),
  "end-all-really": async () => {
    document.getElementById("end-all").close();
    story.begin("Logging out everywhere");
    await client.endAllSessions();
    go("log-in", "Every session has ended.");
  },
};

const INSECURE =
  "This page came over plain HTTP, where browsers do not let a page encrypt. " +
  "Open it over HTTPS, or on the server's own machine as http://localhost.";

async function listSessions() {
  story.begin("Listing the sessions");
  const list = await client.sessions();
  showSessions(list, async (session) => {
    story.begin("Ending a session");
    await client.endSession(session.id);
    announce("The session has ended.");
    await listSessions();
  });
}

let shown = "";

/** Shows the view that the address names, or the first that fits, and above it what there is to tell. */
async function arrive(news = "") {
  const fitting = client.user ? VIEWS.people : VIEWS.strangers;
  const asked = location.hash.slice(1);
  const name = fitting.includes(asked) ? asked : fitting[0];
  if (name !== asked) history.replaceState(null, "", `#${name}`);
  shown = location.hash;
  clearForms();
  announce("");
  notify(news);
  showView(name, client.user);
  await attempt(opened[name]);
}

function go(name, news) {
  if (location.hash !== `#${name}`) history.pushState(null, "", `#${name}`);
  return arrive(news);
}

/** What fails outside of a form is told above the view; the end of a session is told where the view changes. */
async function attempt(action) {
  try {
    await action?.();
  } catch (error) {
    if (client.user) refuse(document.getElementById("notice"), error);
  }
}

function changed(user, reason) {
  showUser(user);
  if (!user) story.forget();
  if (reason === "refresh" || reason === "profile") return;
  go(user ? "profile" : "log-in", reason === "ended" ? "Your session has ended. Log in again to go on." : "");
}

async function start() {
  for (const [name, submit] of Object.entries(forms)) handle(viewNamed(name).querySelector("form"), submit);
  for (const input of document.querySelectorAll("input[data-new]")) hint(input);
  document.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-action]");
    if (button) attempt(actions[button.dataset.action]);
  });
  // The skip link is no view.
  window.addEventListener("hashchange", () => ![shown, "#content"].includes(location.hash) && arrive());
  await attempt(() => client.restore());
  story.begin("");
  showUser(client.user);
  client.onChange(changed);
  await arrive(globalThis.isSecureContext ? "" : INSECURE);
  if (!globalThis.isSecureContext) for (const button of document.querySelectorAll("[type=submit]")) button.disabled = true;
}

start();
