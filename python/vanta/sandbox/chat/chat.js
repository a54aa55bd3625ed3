// The chat page: what the person sees and does.
// Network in link.js, drawing in render.js, the message field and its commands in composer.js.

import { Composer } from "./composer.js";
import { Link } from "./link.js";
import { bubble, day, element, keyboard, wait } from "./render.js";

const $ = (id) => document.getElementById(id);
const log = $("log");
const scroll = $("scroll");

const ANSWER_LIMIT_MS = 15000;
const NEAR_END_PX = 80;
const GROUP_S = 300;
const hasKeyboard = matchMedia("(pointer: fine)").matches; // a focused field would open one

const messages = new Map(); // key -> message; key is the id, or the client id while pending
const deleted = new Set(); // ids; a deletion may overtake the answer that tells a message's id
const presses = new Map(); // "message data" -> {query, timer}
const state = { me: 0, unread: 0, ready: false };

/* ---- drawing ---- */

const isMine = (message) => !message.from?.is_bot;
const nearEnd = () => scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight < NEAR_END_PX;
const toEnd = () => { scroll.scrollTop = scroll.scrollHeight; };

function draw(message) {
  const item = element("li", isMine(message) ? "item mine" : "item");
  item.id = `m${message.key}`;
  item.append(bubble(message));
  const keys = keyboard(message, presses);
  if (keys) {
    item.classList.add("has-keys");
    item.append(keys);
  }
  return item;
}

function insert(message) {
  const previous = [...messages.values()].at(-2);
  if (!previous || day(previous.date) !== day(message.date)) {
    const separator = element("li", "day", day(message.date));
    log.append(separator);
  } else if (isMine(previous) === isMine(message) && message.date - previous.date < GROUP_S) {
    message.tight = true;
  }
  const item = draw(message);
  if (message.tight) item.classList.add("tight");
  if (state.ready) item.classList.add("fresh");
  place(item, message.message_id);
}

// Ids grow with time: a message that came late (sent from another window) goes where it belongs.
function place(item, id) {
  let next = null;
  for (let node = log.lastElementChild; id && node; node = node.previousElementSibling) {
    const other = Number(node.id.slice(1));
    if (node === item || Number.isNaN(other)) continue;
    if (other > id) next = node;
    else if (other) break;
  }
  log.insertBefore(item, next);
}

function put(message) {
  message.key = message.key ?? message.message_id;
  const before = messages.get(message.key);
  const follow = nearEnd() || isMine(message);
  messages.set(message.key, message);
  if (before) {
    message.tight = before.tight;
    const old = $(`m${message.key}`);
    const held = old.contains(document.activeElement) ? document.activeElement.dataset.data : null;
    const item = draw(message);
    if (message.tight) item.classList.add("tight");
    if (before.text !== message.text) item.firstChild.classList.add("changed");
    old.replaceWith(item);
    if (held) keepFocus(item, held);
  } else {
    insert(message);
    if (!isMine(message)) $("typing").hidden = true;
  }
  $("welcome").hidden = true;
  if (!state.ready) return;
  if (follow) toEnd();
  else if (!before) showUnread(state.unread + 1);
}

// Who presses by keyboard goes on from here. Never from a new button: a second Enter, meant for
// Confirm, would press whatever stands there now.
function keepFocus(item, data) {
  const same = item.querySelector(`[data-data="${CSS.escape(data)}"]`);
  if (!same) item.tabIndex = -1;
  (same || item).focus({ preventScroll: true });
}

function redraw(list) {
  const pending = [...messages.values()].filter((message) => message.pending);
  messages.clear();
  log.replaceChildren();
  state.ready = false;
  for (const message of list) put(message);
  for (const message of pending) put(message);
  $("welcome").hidden = messages.size > 0;
  toEnd();
  state.ready = true;
}

function showUnread(count) {
  state.unread = count;
  $("unread").hidden = count === 0;
  $("unread").textContent = count > 99 ? "99+" : String(count);
}

let toastTimer = 0;
function toast(words) {
  const node = $("toast");
  node.hidden = true;
  node.textContent = words;
  requestAnimationFrame(() => { node.hidden = false; });
  clearTimeout(toastTimer);
  toastTimer = setTimeout(() => { node.hidden = true; }, 2600 + 35 * words.length);
}

/* ---- what the server says ---- */

function onEvent(event) {
  switch (event.type) {
    case "snapshot":
      state.me = event.user.id;
      $("bot-name").textContent = event.bot.first_name;
      composer.setCommands(event.commands);
      redraw(event.messages);
      break;
    case "message":
      if (!isMine(event.message) || messages.has(event.message.message_id)) put(event.message);
      else setTimeout(() => adopt(event.message), 50);
      break;
    case "delete": {
      const item = $(`m${event.message_id}`);
      deleted.add(event.message_id);
      messages.delete(event.message_id);
      if (item) {
        item.classList.add("gone");
        setTimeout(() => item.remove(), 220);
      }
      break;
    }
    case "answer": settle(event); break;
    case "commands": composer.setCommands(event.commands); break;
    case "typing": $("typing").hidden = false; if (nearEnd()) toEnd(); break;
    case "sent": confirmSent(event); break;
    case "unsent": confirmUnsent(event); break;
  }
}

// Our own message comes back twice: as the answer to the POST and over the websocket.
function adopt(message) {
  if (messages.has(message.message_id) || deleted.has(message.message_id)) return;
  const pending = [...messages.values()].find((m) => m.pending && m.text === message.text);
  if (pending) confirmSent({ clientId: pending.key, message_id: message.message_id });
  else put(message);
}

function confirmSent({ clientId, message_id: id }) {
  const message = messages.get(clientId);
  const item = $(`m${clientId}`);
  if (!message || !item) return;
  messages.delete(clientId);
  if (messages.has(id) || deleted.has(id)) { item.remove(); return; }
  const sent = { ...message, key: id, message_id: id, pending: false };
  item.id = `m${id}`;
  messages.set(id, sent);
  const drawn = draw(sent);
  if (sent.tight) drawn.classList.add("tight");
  item.replaceWith(drawn);
  place(drawn, id);
}

function confirmUnsent({ clientId, text: words, error }) {
  messages.delete(clientId);
  $(`m${clientId}`)?.remove();
  toast(error?.text || "This message was not accepted.");
  composer.giveBack(words);
}

function settle({ query_id: query, text: words, alert: isAlert }) {
  const held = [...presses].find(([, press]) => press.query === query);
  if (held) release(held[0]);
  else early.add(query);
  if (!words) return;
  if (isAlert) {
    $("alert-text").textContent = words;
    $("alert").showModal();
  } else toast(words);
}

/* ---- what the person does ---- */

function say(words) {
  const trimmed = words.trim();
  if (!trimmed) return;
  const clientId = `c${Date.now().toString(36)}${Math.random().toString(36).slice(2, 10)}`;
  put({ key: clientId, text: trimmed, date: Date.now() / 1000, pending: true, from: { id: state.me } });
  link.send(clientId, trimmed);
}

const early = new Set(); // queries answered before the POST told us their id

async function press(button) {
  const { message, data } = button.dataset;
  const key = `${message} ${data}`;
  if (!data || presses.has(key)) return;
  presses.set(key, { query: null, timer: setTimeout(() => release(key, true), ANSWER_LIMIT_MS) });
  wait(button);
  const query = await link.press(Number(message), data);
  const held = presses.get(key);
  if (!query) {
    release(key);
    toast("No connection; the button was not pressed.");
  } else if (early.delete(query)) release(key);
  else if (held) held.query = query;
}

function release(key, isLate = false) {
  clearTimeout(presses.get(key)?.timer);
  presses.delete(key);
  const [message, data] = [key.slice(0, key.indexOf(" ")), key.slice(key.indexOf(" ") + 1)];
  for (const button of $(`m${message}`)?.querySelectorAll(".waiting") || []) {
    if (button.dataset.data !== data) continue;
    button.classList.remove("waiting");
    button.removeAttribute("aria-disabled");
    button.removeAttribute("aria-busy");
  }
  if (isLate) toast("No answer yet. Pressing again is safe.");
}

/* ---- clicks and scrolling ---- */

log.addEventListener("click", (event) => {
  const button = event.target.closest("button");
  if (button?.dataset.command) say(button.dataset.command);
  else if (button?.dataset.data) press(button);
});

$("start").addEventListener("click", () => { say("/start"); if (hasKeyboard) composer.focus(); });
$("jump").addEventListener("click", () => scroll.scrollTo({ top: scroll.scrollHeight, behavior: "smooth" }));

scroll.addEventListener("scroll", () => {
  const isEnd = nearEnd();
  $("jump").hidden = isEnd;
  if (isEnd) showUnread(0);
});

new ResizeObserver(() => { if (nearEnd()) toEnd(); }).observe(scroll);

/* ---- light and dark ---- */

const saved = localStorage.getItem("theme");
if (saved) document.documentElement.dataset.theme = saved;
$("theme").addEventListener("click", () => {
  const root = document.documentElement;
  const isDark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.dataset.theme = isDark ? "light" : "dark";
  localStorage.setItem("theme", root.dataset.theme);
});

/* ---- go ---- */

const composer = new Composer(say);

const link = new Link({
  onEvent,
  onState(now) {
    $("status").className = now;
    $("status").lastElementChild.textContent = now === "on" ? "connected" : "reconnecting…";
  },
});
link.connect();
if (hasKeyboard) composer.focus();
