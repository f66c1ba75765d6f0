// Brings what has changed on the server, counts seconds, filters, copies. The pages work without it.
"use strict";

const byId = (id) => document.getElementById(id);

// Makes `old` like `now`, and touches nothing that is equal: so focus, selection and open details stay.
function morph(old, now) {
  if (old.nodeType !== now.nodeType || old.nodeName !== now.nodeName) return void old.replaceWith(now);
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.data !== now.data) old.data = now.data;
    return;
  }
  for (const { name } of [...old.attributes]) if (!now.hasAttribute(name) && name !== "open") old.removeAttribute(name);
  for (const { name, value } of now.attributes) if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  morphChildren(old, now);
}

function morphChildren(old, now) {
  const next = [...now.childNodes];
  next.forEach((child, index) => {
    const present = old.childNodes[index];
    if (present) morph(present, child);
    else old.append(child);
  });
  while (old.childNodes.length > next.length) old.lastChild.remove();
}

// The server has escaped what is not its own. The parser runs no scripts.
function parsed(html) {
  return new DOMParser().parseFromString(html, "text/html").body;
}

// --- events of the server -------------------------------------------------------------------------------------------

const handlers = {
  part(data) {
    const cut = data.indexOf("\n");
    const target = byId(data.slice(0, cut));
    if (target) morphChildren(target, parsed(data.slice(cut + 1)));
    count();
  },
  row(data) {
    const { id, html, at } = JSON.parse(data);
    const old = byId(id);
    if (!html) return old?.remove();
    const row = parsed(`<table><tbody>${html}</tbody></table>`).querySelector("tr");
    if (old) morph(old, row);
    else insert(row, at);
    count();
    for (const field of document.querySelectorAll("[data-filters='#rows']")) filter(field);
  },
  lines(data) {
    const log = byId("log");
    const lines = JSON.parse(data).map(([stream, text]) => {
      const line = document.createElement("div");
      if (stream === "stderr") line.className = "err";
      line.dataset.text = text;
      line.textContent = text;
      return line;
    });
    log.append(...lines);
    while (log.childElementCount > 5000) log.firstElementChild.remove();
    const field = byId("log-search");
    if (field.value) filter(field);
    follow();
  },
  clear(id) {
    byId(id).replaceChildren();
  },
  last(data) {
    byId("last").textContent = data;
    byId("events").dataset.last = data;
    if (byId("events").dataset.loaded && !document.querySelector("tr.more")) loadEvents();
  },
  trouble(data) {
    byId("connection").textContent = data;
  },
};

// Puts a row above those that were started before it.
function insert(row, at) {
  const older = [...byId("rows").children].find((other) => other.dataset.at <= at);
  if (older) older.before(row);
  else byId("rows").append(row);
}

// A page begins with the first hundred rows.
async function loadRows() {
  const answer = await fetch(byId("rows").dataset.rest);
  for (const row of parsed(`<table><tbody>${await answer.text()}</tbody></table>`).querySelectorAll("tr")) {
    if (!byId(row.id)) byId("rows").append(row);
  }
  filter(byId("name-filter"));
}

let source;
let lastId;

function listen() {
  const live = document.body.dataset.live;
  if (!live || source || document.hidden) return;
  const url = new URL(live, location.href);
  // What was seen before this tab was hidden need not come again.
  if (lastId) url.searchParams.set("after", lastId);
  source = new EventSource(url);
  source.onopen = () => (byId("connection").textContent = "");
  source.onerror = () => (byId("connection").textContent = "not connected; trying again");
  for (const [name, handle] of Object.entries(handlers)) {
    source.addEventListener(name, (event) => {
      if (name !== "trouble") byId("connection").textContent = "";
      if (event.lastEventId) lastId = event.lastEventId;
      handle(event.data);
    });
  }
  source.addEventListener("end", () => {
    stop();
    delete document.body.dataset.live;
  });
}

function stop() {
  source?.close();
  source = undefined;
}

// A browser has six connections for a server: a page that no one sees gives its own back.
document.addEventListener("visibilitychange", () => (document.hidden ? stop() : listen()));
addEventListener("pagehide", stop);

// --- seconds --------------------------------------------------------------------------------------------------------

// As the server writes them.
function words(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s >= 86400) return `${Math.floor(s / 86400)} d ${Math.floor(s / 3600) % 24} h`;
  if (s >= 3600) return `${Math.floor(s / 3600)} h ${Math.floor(s / 60) % 60} m`;
  if (s >= 60) return `${Math.floor(s / 60)} m ${s % 60} s`;
  return s >= 10 ? `${s} s` : `${(Math.max(0, ms) / 1000).toFixed(1)} s`;
}

function count() {
  const now = Date.now();
  for (const time of document.querySelectorAll("time[data-since]")) time.textContent = words(now - time.dataset.since);
  for (const time of document.querySelectorAll("time[data-until]")) time.textContent = words(time.dataset.until - now);
}
setInterval(count, 250);

// --- filters, the log, events ---------------------------------------------------------------------------------------

function filter(field) {
  const wanted = field.value.toLowerCase();
  for (const child of document.querySelector(field.dataset.filters).children) {
    child.hidden = wanted !== "" && !(child.dataset.text ?? "").toLowerCase().includes(wanted);
  }
}

function follow() {
  const log = byId("log");
  if (log && byId("log-follow").checked) log.scrollTop = log.scrollHeight;
}

async function loadEvents() {
  const body = byId("events");
  if (body.dataset.loading) return;
  body.dataset.loading = "yes";
  const after = body.querySelector("tr:not(.more):last-of-type, tr:nth-last-child(1 of :not(.more))")?.dataset.id ?? 0;
  const answer = await fetch(`${body.dataset.more}?after=${after}`);
  const rows = parsed(`<table><tbody>${await answer.text()}</tbody></table>`).querySelectorAll("tr");
  body.querySelector("tr.more")?.remove();
  body.append(...rows);
  body.dataset.loaded = "yes";
  delete body.dataset.loading;
  const more = body.querySelector("tr.more");
  if (more) seen.observe(more);
}
const seen = new IntersectionObserver((entries) => {
  if (entries.some((entry) => entry.isIntersecting)) loadEvents();
});

document.addEventListener("input", (event) => {
  if (event.target.dataset?.filters) filter(event.target);
});

document.addEventListener("click", async (event) => {
  const target = event.target.closest("[data-copy], [data-line], #more");
  if (!target) return;
  if (target.dataset.copy) {
    await navigator.clipboard.writeText(target.dataset.copy);
    target.textContent = "Copied";
    setTimeout(() => (target.textContent = "Copy"), 1500);
  } else if (target.dataset.line) {
    goTo(Number(target.dataset.line), Number(target.dataset.column));
  } else {
    event.preventDefault();
    target.remove();
    loadEvents();
  }
});

// --- the editor -----------------------------------------------------------------------------------------------------

const editor = byId("document");

function goTo(line, column) {
  const before = editor.value.split("\n").slice(0, line - 1);
  const at = before.reduce((sum, text) => sum + text.length + 1, 0) + column - 1;
  editor.focus();
  editor.setSelectionRange(at, at + 1);
}

let checking;
function check() {
  clearTimeout(checking);
  checking = setTimeout(async () => {
    const before = editor.value.slice(0, editor.selectionStart).split("\n");
    const column = before.at(-1).length + 1;
    const body = new URLSearchParams({ document: editor.value, line: before.length, column });
    const answer = await fetch(editor.dataset.check, { method: "POST", body });
    if (answer.ok) morphChildren(byId("verdict"), parsed(await answer.text()));
  }, 120);
}

if (editor) {
  editor.addEventListener("input", check);
  editor.addEventListener("selectionchange", check);
  editor.addEventListener("keyup", check);
  editor.addEventListener("click", check);
}

listen();
follow();
if (byId("rows")) loadRows();
