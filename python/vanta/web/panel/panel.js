// The secure panel. Ticket and session live in this module only: nothing is stored, and the ticket
// leaves the address before anything is asked for. Text is only ever set as text.

const $ = (id) => document.getElementById(id);
const LOST = "No connection. Nothing was changed; try again.";

let session = "";
let endsAt = 0;
let timer = 0;

async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (session) headers.Authorization = `Bearer ${session}`;
  try {
    const answer = await fetch(`/panel/api/${path}`, {
      method: "POST", headers, body: JSON.stringify(body), cache: "no-store", referrerPolicy: "no-referrer",
    });
    return { status: answer.status, ...(await answer.json()) };
  } catch {
    return { status: 0, error: { text: LOST } };
  }
}

// What went wrong, in words; "" when it is done.
function trouble(answer) {
  if (answer.error) return answer.error.text;
  return (answer.reasons || []).map((reason) => reason.text).join(" ");
}

function tell(words, isBad = false) {
  const note = $("told");
  note.textContent = words;
  note.classList.toggle("bad", isBad);
  note.hidden = false;
  note.focus();
  note.scrollIntoView({ block: "nearest" });
}

function shut(words) {
  session = "";
  clearInterval(timer);
  for (const id of ["prove", "set", "authenticator", "end", "who", "secret"]) $(id).hidden = true;
  for (const form of document.forms) form.reset();
  for (const id of ["secret-text", "uri-text"]) $(id).textContent = "";
  $("uri").removeAttribute("href");
  tell(words, true);
}

function show(state) {
  const isSet = state.pin || state.code;
  const mayChange = !isSet || Boolean(state.proved_until);
  $("prove").hidden = !isSet || Boolean(state.proved_until);
  $("prove-pin").hidden = !state.pin;
  $("prove-code").hidden = !state.code;
  for (const id of ["set", "authenticator", "end"]) $(id).hidden = false;
  $("set-name").textContent = state.pin ? "Change the PIN" : "Set a PIN";
  $("code-name").textContent = state.code ? "Change the authenticator" : "Set up an authenticator";
  for (const note of document.querySelectorAll(".locked")) note.hidden = mayChange;
  $("set-pin").hidden = !mayChange;
  $("begin-code").hidden = !mayChange || !$("secret").hidden;
}

function countDown(user) {
  const left = Math.max(0, Math.round((endsAt - performance.now()) / 1000));
  if (!left) shut("The panel was open too long. Send /security in the chat for a new link.");
  else $("who").textContent = `Person #${user}, closes in ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
}

function whenSent(form, path, done) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    if (button.getAttribute("aria-busy") === "true") return;
    const line = form.querySelector(".error");
    const fields = [...form.querySelectorAll("input")];
    line.textContent = "";
    for (const field of fields) field.removeAttribute("aria-invalid");
    const empty = fields.find((field) => !field.value.trim());
    if (empty) return mark(empty, line, "Fill this in first.");
    button.setAttribute("aria-busy", "true");
    const answer = await post(path, Object.fromEntries(new FormData(form)));
    button.removeAttribute("aria-busy");
    if (answer.status === 401) return shut(answer.error.text);
    for (const field of fields) field.value = "";
    const words = trouble(answer);
    if (answer.state) show(answer.state);
    if (words) return mark(fields[0], line, words);
    done(answer);
  });
}

function mark(field, line, words) {
  line.textContent = words;
  field?.setAttribute("aria-invalid", "true");
  field?.focus();
}

whenSent($("prove-pin"), "prove", proved);
whenSent($("prove-code"), "prove", proved);
function proved(answer) {
  tell(`${answer.title} Go back to the chat, where it goes on, or change something here.`);
}

whenSent($("set-pin"), "pin", (answer) => tell(answer.title));

whenSent($("begin-code"), "totp", (answer) => {
  const { secret, uri } = answer.data;
  $("secret-text").textContent = secret.replace(/(.{4})(?=.)/g, "$1 ");
  $("uri-text").textContent = uri;
  if (uri.startsWith("otpauth://")) $("uri").href = uri;
  $("secret").hidden = false;
  $("begin-code").hidden = true;
  $("first-code").focus();
});

whenSent($("confirm-code"), "totp/confirm", (answer) => {
  $("secret").hidden = true;
  for (const id of ["secret-text", "uri-text"]) $(id).textContent = "";
  $("uri").removeAttribute("href");
  show(answer.state);
  tell(answer.title);
});

$("copy").addEventListener("click", async () => {
  try {
    await navigator.clipboard.writeText($("secret-text").textContent.replaceAll(" ", ""));
    $("copy").textContent = "Copied";
  } catch {
    getSelection().selectAllChildren($("secret-text"));
    $("copy").textContent = "Marked: copy it by hand";
  }
  setTimeout(() => { $("copy").textContent = "Copy the secret"; }, 2500);
});

$("close").addEventListener("click", async () => {
  await post("close", {});
  shut("The panel is closed. You may close this window.");
});

async function start() {
  const ticket = location.hash.slice(1);
  history.replaceState(null, "", location.pathname);
  if (!ticket) return tell("Send /security in the chat: it gives you a link to this panel, for you alone.", true);
  const answer = await post("open", { ticket });
  if (answer.error) return tell(answer.error.text, true);
  session = answer.session;
  endsAt = performance.now() + answer.life_s * 1000;
  $("who").hidden = false;
  countDown(answer.user_id);
  timer = setInterval(countDown, 1000, answer.user_id);
  show(answer.state);
  const first = [...document.querySelectorAll("input")].find((field) => field.checkVisibility());
  first?.focus();
}

// A new ticket put into the same window: the browser changes the fragment and loads nothing.
addEventListener("hashchange", () => { if (location.hash.length > 1) location.reload(); });
start();
