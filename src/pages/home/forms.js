// Forms: what is missing is said beside its field, a refusal in plain words, and a wait as a countdown.

import { announce } from "./views.js";

/** Calls `submit` with the form's values, and tells what came of it. */
export function handle(form, submit) {
  const refusal = form.querySelector(".refusal");
  const button = form.querySelector("[type=submit]");
  const label = button.textContent;
  for (const show of form.querySelectorAll(".show")) show.addEventListener("click", () => toggle(show));
  for (const input of form.querySelectorAll("input")) input.addEventListener("input", () => mark(input, ""));

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (button.disabled) return;
    clear(form);
    if (!isComplete(form)) return;
    button.disabled = true;
    button.textContent = button.dataset.meanwhile;
    let wait = null;
    try {
      await submit(Object.fromEntries(new FormData(form)));
    } catch (error) {
      wait = refuseForm(form, refusal, error);
    } finally {
      button.textContent = label;
      await wait;
      button.disabled = false;
    }
  });
}

/** What was typed and not sent is nobody else's, and what was wrong is over. */
export function clearForms() {
  for (const form of document.forms) {
    form.reset();
    hideSecrets(form);
    clear(form);
    for (const input of form.querySelectorAll("input")) input.dispatchEvent(new Event("input"));
  }
}

/** Shows why something did not work. Where the server said how long to wait, counts down; resolves when it is over. */
export async function refuse(place, error) {
  const words = SENTENCES[error.code] ?? sentence(error.message);
  place.hidden = false;
  place.textContent = words;
  const seconds = error.retryAfterSeconds;
  if (!seconds || error.code === "invalid_credentials") return;
  // The countdown is for eyes; a screen reader hears once how long, and once that it is over.
  announce(`You can try again in ${spoken(seconds)}.`);
  const countdown = document.createElement("span");
  countdown.ariaHidden = "true";
  place.append(" ", countdown);
  const end = Date.now() + seconds * 1000;
  for (let left = seconds; left > 0; left = Math.ceil((end - Date.now()) / 1000)) {
    countdown.textContent = `Try again in ${spoken(left)}.`;
    await new Promise((resolve) => setTimeout(resolve, 250));
    // Another view is shown, or another attempt was made.
    if (!countdown.isConnected) return;
  }
  place.textContent = "You can try again now.";
  announce("You can try again now.");
}

/** In plain words, where the server's are for programmers. */
const SENTENCES = {
  invalid_credentials: "The email address or the password is wrong.",
  email_taken: "There is an account with this email address already. Log in instead, or use another address.",
  account_disabled: "This account is disabled. Ask whoever runs this service.",
  too_many_attempts: "Too many attempts.",
  overloaded: "The server has more to do than it can at the moment.",
  unavailable: "The server cannot reach its database at the moment.",
  network_error: "The server cannot be reached. Check your connection and try again.",
  timeout: "The server did not answer in time. Try again.",
  stale_envelope: "The server did not accept how fresh this was. Try again.",
  internal: "Something went wrong on the server. Try again, or ask whoever runs this service.",
};

/** Beside its field, where it is about one; otherwise above the button. */
function refuseForm(form, refusal, error) {
  const field = (name) => form.elements.namedItem(name);
  const known = (error.errors ?? []).map(({ pointer, detail }) => [field(pointer.slice(1)), sentence(detail)]);
  if (error.code === "invalid_credentials" && field("current_password")) {
    known.push([field("current_password"), "The current password is wrong."]);
  }
  const told = known.filter(([input]) => input);
  for (const [input, words] of told) mark(input, words);
  const about = { email_taken: "email", invalid_credentials: "password" }[error.code];
  const input = told[0]?.[0] ?? field(about);
  input?.focus();
  input?.select();
  return told.length > 0 ? undefined : refuse(refusal, error);
}

/** Marks what is missing; the first of it takes the focus. */
function isComplete(form) {
  const isMissing = ({ type, value }) => (type === "password" ? value : value.trim()) === "";
  const missing = [...form.querySelectorAll("input[required]")].filter(isMissing);
  const label = (input) => form.querySelector(`label[for="${input.id}"]`).textContent.toLowerCase();
  for (const input of missing) mark(input, `Enter your ${label(input)}.`);
  missing[0]?.focus();
  return missing.length === 0;
}

function clear(form) {
  form.querySelector(".refusal").hidden = true;
  form.querySelector(".refusal").textContent = "";
  for (const input of form.querySelectorAll("input")) mark(input, "");
}

function mark(input, text) {
  const place = document.getElementById(`${input.id}-error`);
  if (!place) return;
  place.textContent = text;
  place.hidden = text === "";
  if (text) input.setAttribute("aria-invalid", "true");
  else input.removeAttribute("aria-invalid");
}

function toggle(show) {
  const isShown = show.getAttribute("aria-pressed") !== "true";
  show.setAttribute("aria-pressed", String(isShown));
  show.textContent = isShown ? "Hide" : "Show";
  document.getElementById(show.getAttribute("aria-controls")).type = isShown ? "text" : "password";
}

function hideSecrets(form) {
  for (const show of form.querySelectorAll(".show[aria-pressed=true]")) toggle(show);
}

function sentence(text) {
  const begun = text.charAt(0).toUpperCase() + text.slice(1);
  return /[.!?]$/.test(begun) ? begun : `${begun}.`;
}

function spoken(seconds) {
  if (seconds < 60) return seconds === 1 ? "1 second" : `${seconds} seconds`;
  const minutes = Math.floor(seconds / 60);
  return `${minutes} min ${String(seconds % 60).padStart(2, "0")} s`;
}
