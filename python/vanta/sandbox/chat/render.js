// Messages as DOM nodes. Text is only ever set as text: entities choose the element around it.

const TAGS = {
  bold: "b", italic: "i", underline: "u", strikethrough: "s",
  code: "code", pre: "pre", blockquote: "blockquote", spoiler: "span",
};
// Words of money that get a colour beside their sign or word, and commands one can press.
const WORDS = /(\[(?:DRY|LIVE)\])|\b(LONG|SHORT)\b|(?<![\w.,-])([+\-−][0-9][0-9,]*(?:\.[0-9]+)?(?: ?%)?)(?![\w-])|(?<![\w/:.])(\/[a-z][a-z_]{1,31})(?![\w/])|(?<=^|\s)(E-[A-Z]+(?:-[A-Z]+)*)(?=$|\s)/gm;

export function element(tag, className, text) {
  const node = document.createElement(tag);
  if (className) node.className = className;
  if (text !== undefined) node.textContent = text;
  return node;
}

function words(text, isBot) {
  const nodes = [];
  let end = 0;
  for (const found of isBot ? text.matchAll(WORDS) : []) {
    if (found.index > end) nodes.push(text.slice(end, found.index));
    const [whole, mode, side, amount, command] = found;
    if (mode) nodes.push(element("span", mode === "[LIVE]" ? "tag live" : "tag", mode.slice(1, -1)));
    else if (side) nodes.push(element("b", side === "LONG" ? "up" : "down", side));
    else if (amount) nodes.push(element("span", amount[0] === "+" ? "up" : "down", amount));
    else if (command) {
      const button = element("button", "command", command);
      button.type = "button";
      button.dataset.command = command;
      nodes.push(button);
    } else nodes.push(element("span", "code", whole));
    end = found.index + whole.length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

// Opens beside the chat; null for an address a browser should not be sent to.
function link(address, className, text) {
  let url;
  try { url = new URL(address); } catch { return null; }
  if (url.protocol !== "https:" && url.protocol !== "http:") return null;
  const node = element("a", className, text);
  node.href = url.href;
  node.rel = "noopener noreferrer";
  node.target = "_blank";
  return node;
}

function linkKey(button) {
  const key = link(button.url, "key", button.text);
  if (!key) return element("span", "key", button.text);
  const arrow = element("span", "away", "↗");
  arrow.setAttribute("aria-hidden", "true");
  key.append(arrow, element("span", "unseen", " (opens a new window)"));
  return key;
}

function shell(entity) {
  if (entity.type === "text_link") return link(entity.url) || element("span");
  const node = element(TAGS[entity.type] || "span");
  if (entity.type === "spoiler") {
    node.className = "spoiler";
    node.addEventListener("click", () => node.classList.add("open"));
  }
  return node;
}

// Entities are sorted by offset, outer before inner, and never overlap otherwise.
function fill(parent, text, entities, from, to, isBot) {
  let at = from;
  for (let i = 0; i < entities.length; i += 1) {
    const entity = entities[i];
    const start = entity.offset;
    const end = start + entity.length;
    if (start < at || end > to) continue;
    parent.append(...words(text.slice(at, start), isBot));
    const node = shell(entity);
    fill(node, text, entities.slice(i + 1), start, end, isBot && entity.type !== "code");
    parent.append(node);
    at = end;
  }
  parent.append(...words(text.slice(at, to), isBot));
}

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayName = new Intl.DateTimeFormat(undefined, { weekday: "long", day: "numeric", month: "long" });

export function time(seconds) {
  return clock.format(new Date(seconds * 1000));
}

export function day(seconds) {
  const date = new Date(seconds * 1000);
  const today = new Date();
  if (date.toDateString() === today.toDateString()) return "Today";
  today.setDate(today.getDate() - 1);
  if (date.toDateString() === today.toDateString()) return "Yesterday";
  return dayName.format(date);
}

function tick(isSent) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 20 20");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", isSent ? "sent" : "waiting");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", isSent ? "m3.5 10.5 4.5 4.5 9-10" : "M10 3a7 7 0 1 0 .01 0M10 6v4.5l3 2");
  svg.append(path);
  return svg;
}

export function bubble(message) {
  const isBot = Boolean(message.from?.is_bot);
  const node = element("div", "bubble");
  const entities = (message.entities || []).filter((entity) => isBot || entity.type in TAGS);
  fill(node, message.text, entities, 0, message.text.length, isBot);
  // A box begins on its own line: the line break beside it would show as an empty one.
  for (const box of node.querySelectorAll("pre")) {
    const before = box.previousSibling;
    const after = box.nextSibling;
    if (before?.nodeType === Node.TEXT_NODE) before.data = before.data.replace(/\n$/, "");
    if (after?.nodeType === Node.TEXT_NODE) after.data = after.data.replace(/^\n/, "");
  }
  const meta = element("time", "meta", time(message.date));
  meta.dateTime = new Date(message.date * 1000).toISOString();
  if (message.edit_date) meta.textContent = `updated ${time(message.edit_date)}`;
  if (!isBot) meta.append(tick(!message.pending));
  node.append(meta);
  return node;
}

export function keyboard(message, waiting) {
  const rows = message.reply_markup?.inline_keyboard;
  if (!rows) return null;
  const node = element("div", "keyboard");
  for (const row of rows) {
    const line = element("div");
    for (const button of row) {
      if (button.url) {
        line.append(linkKey(button));
        continue;
      }
      const key = element("button", "", button.text);
      key.type = "button";
      if (/^Confirm\b/.test(button.text)) key.classList.add("confirm");
      if (/^• /.test(button.text)) key.classList.add("chosen");
      key.dataset.message = message.message_id;
      key.dataset.data = button.callback_data || "";
      if (waiting.has(`${message.message_id} ${key.dataset.data}`)) wait(key);
      line.append(key);
    }
    node.append(line);
  }
  return node;
}

// Not `disabled`: that would take the focus away from who pressed it by keyboard.
export function wait(key) {
  key.classList.add("waiting");
  key.setAttribute("aria-disabled", "true");
  key.setAttribute("aria-busy", "true");
}
