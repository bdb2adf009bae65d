// A hint while a new password is typed: what the server would refuse is said before it is sent.

const min = Number(document.getElementById("content").dataset.minLength);
const ADVICE = `At least ${min} characters. Four or five unrelated words are strong, and easy to keep in mind.`;

/** Shows how far `input` is, beside it. The server has the last word: it also knows the common passwords. */
export function hint(input) {
  const place = document.getElementById(`${input.id}-hint`);
  const meter = document.getElementById(`${input.id}-meter`);
  const show = () => {
    // Counted as the server counts: code points, after normalization.
    const length = [...input.value.normalize("NFC")].length;
    meter.value = Math.min(100, (100 * length) / min);
    const left = min - length;
    if (length === 0) place.textContent = ADVICE;
    else if (left > 0) place.textContent = left === 1 ? "One more character." : `${left} more characters.`;
    else if (new Set(input.value).size < 5) place.textContent = "Long enough, but easily guessed: it repeats itself.";
    else if (isBuiltFrom(input.value, identity(input.form))) place.textContent = "It must be more than your name or email address.";
    else place.textContent = "Long enough.";
  };
  input.addEventListener("input", show);
  show();
}

/** The words of the name and the email address in the same form. */
function identity(form) {
  const values = ["name", "email"].map((name) => form.elements.namedItem(name)?.value ?? "");
  return values.join(" ").toLowerCase().split(/[^\p{L}\p{N}]+/u).filter((word) => word.length >= 3);
}

function isBuiltFrom(password, words) {
  const typed = password.toLowerCase();
  const rest = words.sort((one, other) => other.length - one.length).reduce((text, word) => text.replaceAll(word, " "), typed);
  return rest !== typed && (rest.match(/\p{L}/gu) ?? []).length < 5;
}
