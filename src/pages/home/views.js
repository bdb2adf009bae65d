// What people see: one view at a time, their own facts, the list of sessions, and a word on what happened.

const announcement = document.getElementById("announcement");
const notice = document.getElementById("notice");
const brand = document.title;

/** For screen readers, where eyes need no words. */
export function announce(text) {
  announcement.textContent = text;
}

/** Above the view, for everybody; the empty text takes it away. */
export function notify(text) {
  notice.hidden = text === "";
  notice.textContent = text;
}

export function viewNamed(name) {
  return document.querySelector(`[data-view="${name}"]`);
}

let isFirst = true;

/** Shows one view and gives its heading the focus, as a new page would. */
export function showView(name, user) {
  for (const view of document.querySelectorAll("[data-view]")) view.hidden = view.dataset.view !== name;
  document.querySelector('[data-for="strangers"]').hidden = user !== null;
  document.querySelector('[data-for="people"]').hidden = user === null;
  for (const link of document.querySelectorAll("nav a")) {
    if (link.hash === `#${name}`) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  const heading = viewNamed(name).querySelector("h1");
  document.title = `${heading.textContent} · ${brand}`;
  // A page that has just been loaded is read from its beginning.
  if (!isFirst) {
    heading.focus({ preventScroll: true });
    window.scrollTo(0, 0);
  }
  isFirst = false;
}

/** Of nobody, nothing is left on the page. */
export function showUser(user) {
  const { email = "", id = "", name = "", created_at: createdAt } = user ?? {};
  const facts = { email, id, created_at: createdAt ? days.format(new Date(createdAt)) : "" };
  for (const place of document.querySelectorAll("[data-user]")) {
    const fact = facts[place.dataset.user];
    // What a form is reset to.
    if (place instanceof HTMLInputElement) place.defaultValue = fact;
    else place.textContent = fact;
  }
  document.getElementById("profile-name").defaultValue = name;
  if (!user) showSessions([]);
}

/** `end` is called with the session whose button was pressed. */
export function showSessions(sessions, end) {
  const items = sessions.map((session) => {
    const where = element("p", "", device(session.user_agent));
    if (session.current) where.append(element("span", "badge", "This one"));
    const used = session.last_used_at ?? session.created_at;
    const text = element("div", "", where, element("p", "when", `${session.ip} · last used ${when(used)}`));
    const item = element("li", "", text);
    if (!session.current) {
      const button = element("button", "quiet", "End");
      button.type = "button";
      button.setAttribute("aria-label", `End the session of ${device(session.user_agent)}, ${session.ip}`);
      button.addEventListener("click", async () => {
        button.disabled = true;
        await end(session).catch((error) => notify(error.message));
        button.disabled = false;
      });
      item.append(button);
    }
    return item;
  });
  document.getElementById("session-list").replaceChildren(...items);
}

export function element(name, className, ...content) {
  const made = document.createElement(name);
  if (className) made.className = className;
  made.append(...content);
  return made;
}

const days = new Intl.DateTimeFormat(undefined, { dateStyle: "long" });
const dates = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });

function when(text) {
  // Not broken in the middle of a time.
  return dates.format(new Date(text)).replaceAll(/(?<=\d)\s(?=[AP]M)/g, "\u00a0");
}

/** A guess for a person's eyes: what programs say of themselves is not to be relied on. */
function device(userAgent) {
  const first = (pairs) => pairs.find(([mark]) => userAgent.includes(mark))?.[1];
  const browser = first([["Edg/", "Edge"], ["OPR/", "Opera"], ["Firefox/", "Firefox"], ["Chrome/", "Chrome"], ["Safari/", "Safari"]]);
  const system = first([["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS", "macOS"], ["Linux", "Linux"]]);
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? (userAgent || "An unknown program");
}
