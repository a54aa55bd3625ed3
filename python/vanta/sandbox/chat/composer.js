// The message field, the commands under it and in the rail.

import { element } from "./render.js";

const MAX_TEXT = 4096;
const WARN_AT = 400;
const HIGHEST_PX = 160;

const $ = (id) => document.getElementById(id);
const text = $("text");
const suggest = $("suggest");

export class Composer {
  constructor(say) {
    this.sayOut = say;
    this.commands = [];
    this.chosen = -1;
    this.lastSent = "";
    text.addEventListener("input", () => this.typed());
    text.addEventListener("keydown", (event) => this.key(event));
    $("composer").addEventListener("submit", (event) => {
      event.preventDefault();
      const words = text.value;
      if (words.trim()) this.send(words);
    });
    $("menu").addEventListener("click", () => {
      if (suggest.hidden) this.suggestions("");
      else this.open(false);
      this.focus();
    });
    for (const [place, kind] of [[suggest, "pointerdown"], [$("rail-commands"), "click"]]) {
      place.addEventListener(kind, (event) => {
        const item = event.target.closest("[data-pick]");
        if (!item) return;
        event.preventDefault();
        this.send(`/${item.dataset.pick}`);
      });
    }
    document.addEventListener("click", (event) => {
      if (!event.target.closest("#composer")) this.open(false);
    });
    document.addEventListener("keydown", (event) => {
      if (event.key !== "/" || /^(TEXTAREA|INPUT)$/.test(document.activeElement?.tagName || "")) return;
      event.preventDefault();
      this.focus();
      if (!text.value) { this.set("/"); this.suggestions(""); }
    });
  }

  focus() {
    text.focus();
  }

  // What the server did not take goes back into an empty field.
  giveBack(words) {
    if (!text.value) this.set(words);
  }

  setCommands(commands) {
    this.commands = commands || [];
    $("rail-commands").replaceChildren(...this.commands.map((command) => {
      const button = labelled(element("button"), command);
      button.type = "button";
      return button;
    }));
  }

  // As in the real client: picking a command sends it, Tab completes it so that words can follow.
  send(words) {
    this.set("");
    this.open(false);
    this.lastSent = words.trim();
    this.sayOut(words);
    this.focus();
  }

  set(words) {
    text.value = words;
    this.fit();
  }

  fit() {
    text.style.height = "44px";
    text.style.height = `${Math.min(text.scrollHeight + 2, HIGHEST_PX)}px`;
    $("send").disabled = !text.value.trim();
    const left = MAX_TEXT - text.value.length;
    $("room-left").hidden = left > WARN_AT;
    $("room-left").textContent = `${left} left`;
  }

  typed() {
    this.fit();
    const command = /^\/([a-z_]*)$/.exec(text.value);
    if (command) this.suggestions(command[1]);
    else this.open(false);
  }

  suggestions(prefix) {
    const found = this.commands.filter((command) => command.command.startsWith(prefix));
    suggest.replaceChildren(...found.map((command, index) => {
      const item = labelled(element("li"), command);
      item.id = `s${index}`;
      item.setAttribute("role", "option");
      return item;
    }));
    this.open(found.length > 0);
    this.choose(found.length ? 0 : -1);
  }

  open(isOpen) {
    suggest.hidden = !isOpen;
    text.setAttribute("aria-expanded", String(isOpen));
    $("menu").setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) this.choose(-1);
  }

  choose(index) {
    this.chosen = index;
    [...suggest.children].forEach((item, i) => {
      item.setAttribute("aria-selected", String(i === index));
      if (i === index) item.scrollIntoView({ block: "nearest" });
    });
    if (index < 0) text.removeAttribute("aria-activedescendant");
    else text.setAttribute("aria-activedescendant", `s${index}`);
  }

  key(event) {
    if (event.isComposing) return;
    const isOpen = !suggest.hidden;
    const count = suggest.children.length;
    const picked = isOpen ? suggest.children[this.chosen]?.dataset.pick : null;
    if (isOpen && (event.key === "ArrowDown" || event.key === "ArrowUp")) {
      event.preventDefault();
      this.choose((this.chosen + (event.key === "ArrowDown" ? 1 : count - 1)) % count);
    } else if (picked && event.key === "Tab") {
      event.preventDefault();
      this.set(`/${picked} `);
      this.open(false);
    } else if (event.key === "Escape") {
      this.open(false);
    } else if (event.key === "ArrowUp" && !text.value && this.lastSent) {
      event.preventDefault();
      this.set(this.lastSent);
    } else if (event.key === "Enter" && !event.shiftKey) {
      event.preventDefault();
      if (picked) this.send(`/${picked}`);
      else $("composer").requestSubmit();
    }
  }
}

function labelled(node, command) {
  node.dataset.pick = command.command;
  node.append(element("code", "", `/${command.command}`), element("span", "", command.description));
  return node;
}
