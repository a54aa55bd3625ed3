// The line to the server: a websocket for what happens, POST for what we do.
// It comes back by itself; messages written meanwhile wait and are sent once, by their client id.

const FIRST_WAIT_MS = 400;
const LONGEST_WAIT_MS = 8000;

export class Link {
  constructor({ onEvent, onState }) {
    this.onEvent = onEvent;
    this.onState = onState;
    this.wait = FIRST_WAIT_MS;
    this.timer = 0;
    this.waiting = new Map();
    this.sending = false;
    window.addEventListener("online", () => this.hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.hurry());
  }

  connect() {
    clearTimeout(this.timer);
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    this.socket = new WebSocket(`${scheme}//${location.host}/api/events`);
    this.socket.onmessage = (message) => {
      const event = JSON.parse(message.data);
      if (event.type === "snapshot") {
        this.wait = FIRST_WAIT_MS;
        this.onState("on");
      }
      this.onEvent(event);
      if (event.type === "snapshot") this.flush();
    };
    this.socket.onclose = () => {
      this.onState("off");
      const pause = this.wait * (0.7 + 0.6 * Math.random());
      this.wait = Math.min(this.wait * 1.8, LONGEST_WAIT_MS);
      this.timer = setTimeout(() => this.connect(), pause);
    };
  }

  hurry() {
    if (this.socket?.readyState !== WebSocket.CLOSED) return;
    this.wait = FIRST_WAIT_MS;
    this.connect();
  }

  send(clientId, text) {
    this.waiting.set(clientId, text);
    this.flush();
  }

  async flush() {
    if (this.sending) return;
    this.sending = true;
    try {
      for (const [clientId, text] of this.waiting) {
        const answer = await post("/api/send", { text, client_id: clientId });
        this.waiting.delete(clientId);
        this.onEvent({ type: answer.ok ? "sent" : "unsent", clientId, text, ...(await read(answer)) });
      }
    } catch {
      // No line: everything left stays in `waiting` until the next snapshot.
    } finally {
      this.sending = false;
    }
  }

  async press(messageId, data) {
    try {
      const answer = await post("/api/press", { message_id: messageId, data });
      return answer.ok ? (await answer.json()).query_id : null;
    } catch {
      return null;
    }
  }
}

function post(path, body) {
  return fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function read(answer) {
  try {
    return await answer.json();
  } catch {
    return {};
  }
}
