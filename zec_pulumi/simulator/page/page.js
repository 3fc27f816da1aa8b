"use strict";
// Everything that comes from the simulator is written as text, never as markup: names of machines are hostile input.
const POLL = 1000, DRAWN = 100, KEPT = 200;
const byId = (id) => document.getElementById(id);

const SWITCHES = [
  ["One request in ten is answered with 429", { action: "*", probability: 0.1, effect: { type: "rate_limit" } }],
  ["One request in ten loses its answer", { action: "*", probability: 0.1, effect: { type: "drop", carriedOut: true } }],
  ["Every request takes 2 s more", { action: "*", effect: { type: "delay", seconds: 2 } }],
  ["Every status is two reads late", { action: "*", effect: { type: "lag", reads: 2 } }],
  ["A gateway answers everything with 502", { action: "*", effect: { type: "bad_gateway" } }],
];
const ONCE = [
  ["Next reinstall fails", { action: "ResetInstance", nth: 1, effect: { type: "reinstall_fails" } }],
  ["Next reinstall never ends", { action: "ResetInstance", nth: 1, effect: { type: "never_ends" } }],
  ["Next reinstall's answer is lost", { action: "ResetInstance", nth: 1, effect: { type: "drop", carriedOut: true } }],
  ["Next request gets 429", { action: "*", nth: 1, effect: { type: "rate_limit" } }],
];

// ---- talking to the simulator

const tags = new Map();

/** Read one address; null when nothing has changed since the last time. */
async function read(path, slot = path) {
  const known = tags.get(slot);
  const headers = known && known.path === path ? { "If-None-Match": known.tag } : {};
  const answer = await fetch(`/_simulator/${path}`, { headers, cache: "no-store" });
  if (answer.status === 304) return null;
  if (!answer.ok) throw new Error(await reason(answer));
  tags.set(slot, { path, tag: answer.headers.get("ETag") });
  return { value: await answer.json(), total: Number(answer.headers.get("X-Total-Count")) };
}

async function reason(answer) {
  const body = await answer.text();
  try { return JSON.parse(body).error || body; } catch { return body || `HTTP ${answer.status}`; }
}

/** Send a change, say what went wrong if it did, and look at once. */
async function change(method, path, body) {
  say("");
  try {
    const answer = await fetch(`/_simulator/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) throw new Error(await reason(answer));
  } catch (error) {
    say(error.message);
  }
  await poll();
}

function say(text) {
  byId("message").textContent = text;
  byId("message").hidden = !text;
}

// ---- drawing

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

const count = (number) => number.toLocaleString("en");
const stamp = (seconds) => new Date(seconds * 1000).toISOString().replace("T", " ").slice(0, 19) + " UTC";
const clockTime = (seconds) => new Date(seconds * 1000).toISOString().slice(11, 19);

function span(seconds) {
  const whole = Math.max(0, Math.ceil(seconds));
  const parts = [[Math.floor(whole / 3600), "h"], [Math.floor(whole / 60) % 60, "min"], [whole % 60, "s"]];
  const shown = parts.filter(([value]) => value);
  return shown.length ? shown.map((part) => part.join(" ")).join(" ") : "0 s";
}

function mood(status, pending) {
  if (/FAILED/.test(status)) return "bad";
  if (pending) return "busy";
  return status === "RUNNING" ? "good" : "off";
}

const clock = { now: 0, at: 0, scale: 1 };
const simulated = () => clock.now + ((performance.now() - clock.at) / 1000) * clock.scale;

function instanceRow(item) {
  const row = make("tr");
  const name = make("td", item.instanceName);
  name.append(make("span", item.instanceId, { class: "id" }));
  const status = make("td");
  status.append(make("span", item.status, { class: `status ${mood(item.status, item.pending)}` }));
  const happening = make("td");
  if (item.pending) happening.append(...transition(item));
  row.append(name, make("td", item.imageId), make("td", item.publicIpAddresses.concat(item.privateIpAddresses).join(", ")));
  row.append(status, happening);
  return row;
}

function transition({ instanceName, pending, imageId }) {
  const image = pending.changes.imageId && pending.changes.imageId !== imageId ? `, image ${pending.changes.imageId}` : "";
  const shown = [make("span", `→ ${pending.becomes ?? "gone"}${image} `)];
  const left = make("span", "", { class: "small" });
  if (pending.afterSeconds === null) {
    left.textContent = "never ends";
    return [...shown, left];
  }
  const bar = make("progress", null, { max: pending.afterSeconds || 1, "aria-label": `${instanceName}: progress` });
  left.dataset.end = pending.since + pending.afterSeconds;
  return [...shown, left, bar];
}

/** Time goes on between two looks. */
function tick() {
  const now = simulated();
  byId("now").textContent = stamp(now);
  for (const left of document.querySelectorAll("[data-end]")) {
    const rest = Number(left.dataset.end) - now;
    left.textContent = rest > 0 ? `${span(rest)} left` : "done";
    left.nextElementSibling.value = left.nextElementSibling.max - rest;
  }
}

function folded(id, shown, total, what) {
  byId(id).textContent = shown < total ? `${count(total - shown)} more ${what} not shown` : "";
}

function drawInstances({ value, total }) {
  byId("instance-rows").replaceChildren(...value.map(instanceRow));
  folded("instances-folded", value.length, total, "instances match and are");
  if (!total) byId("instances-folded").textContent = "No instance matches.";
}

function drawStatuses(summary) {
  const all = Object.values(summary.statuses).reduce((sum, one) => sum + one, 0);
  byId("instances-count").textContent = `${count(all)}, ${count(summary.changing)} changing`;
  const select = byId("status"), chosen = select.value;
  const names = Object.keys(summary.statuses).sort();
  if (chosen && !names.includes(chosen)) names.push(chosen);
  const labels = names.map((name) => `${name} (${count(summary.statuses[name] || 0)})`);
  if (labels.join() === select.dataset.labels) return;
  select.dataset.labels = labels.join();
  select.replaceChildren(new Option("every status", ""), ...names.map((name, at) => new Option(labels[at], name)));
  select.value = chosen;
}

// ---- the two logs grow at the top

class Log {
  constructor(name, row) {
    this.name = name;
    this.row = row;
    this.seen = 0;
  }

  forget() {
    this.seen = 0;
    byId(`${this.name}-rows`).replaceChildren();
  }

  async follow(total) {
    if (total > this.seen) {
      const { value } = await read(`${this.name}?after=${this.seen}&limit=${KEPT}`, this.name) ?? { value: [] };
      if (value.length) this.seen = value[value.length - 1].sequence;
      const rows = byId(`${this.name}-rows`);
      rows.prepend(...value.reverse().map(this.row));
      while (rows.children.length > KEPT) rows.lastElementChild.remove();
    }
    byId(`${this.name}-count`).textContent = count(total);
    folded(`${this.name}-folded`, byId(`${this.name}-rows`).children.length, total, "older entries are");
  }
}

const cell = (text, label, name) => make("td", text, { ...(label && { "data-label": label }), ...(name && { class: name }) });
const parameters = (object) => Object.entries(object).map(([name, value]) =>
  `${name}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");

const ledger = new Log("ledger", (entry) => {
  const row = make("tr");
  row.append(cell(entry.sequence, "#", "number"), cell(clockTime(entry.at), "", "number"), cell(entry.action));
  row.append(cell(entry.instanceId || ""), cell(parameters(entry.parameters)));
  return row;
});

const requests = new Log("requests", (entry) => {
  const row = make("tr"), fine = entry.status !== null && entry.status < 400;
  const answer = [entry.status ?? "cut", entry.code, entry.faults.length ? `(${entry.faults.join(", ")})` : ""];
  const ids = entry.instanceIds.slice(0, 3).join(", ");
  const more = entry.instanceIds.length > 3 ? ` and ${entry.instanceIds.length - 3} more` : "";
  row.append(cell(entry.sequence, "#", "number"), cell(clockTime(entry.at), "", "number"), cell(entry.action));
  row.append(cell(answer.filter(Boolean).join(" "), "", fine ? "good" : "bad"), cell(ids + more));
  return row;
});

// ---- faults

/** Whether a rule in force says at least what a preset says. */
const includes = (rule, preset) => Object.entries(preset).every(([name, value]) =>
  typeof value === "object" ? includes(rule[name] || {}, value) : rule[name] === value);

let rules = [];

function drawFaults(value) {
  const focused = document.activeElement?.dataset?.number;
  rules = value;
  byId("faults-count").textContent = value.length ? `${count(value.length)} in force` : "none";
  byId("rules").replaceChildren(...value.slice(0, DRAWN).map((item) => {
    const { number, happened, ...rule } = item;
    const line = make("li"), text = make("div");
    text.append(make("code", JSON.stringify(rule)), make("span", `happened ${count(happened)} ×`, { class: "id" }));
    const remove = make("button", "Remove", { type: "button", "data-number": number, "aria-label": `Remove rule ${number}` });
    remove.addEventListener("click", () => change("DELETE", `faults/${number}`));
    line.append(text, remove);
    return line;
  }));
  if (focused) document.querySelector(`[data-number="${CSS.escape(focused)}"]`)?.focus();
  for (const box of document.querySelectorAll("#switches input")) {
    box.checked = value.some((rule) => includes(rule, SWITCHES[box.dataset.preset][1]));
  }
}

async function toggle(box) {
  const preset = SWITCHES[box.dataset.preset][1];
  if (box.checked) return change("POST", "faults", preset);
  for (const rule of rules.filter((one) => includes(one, preset))) await change("DELETE", `faults/${rule.number}`);
}

// ---- looking again and again

let world = "", looking = false, again = false;

async function look() {
  const { value: summary } = await read("summary") ?? { value: null };
  if (summary) {
    Object.assign(clock, { now: summary.now, at: performance.now() });
    clock.scale = { real: 1, manual: 0 }[summary.mode] ?? summary.mode;
    byId("mode").textContent = { real: "", manual: "(stands still)" }[summary.mode] ?? `(× ${summary.mode})`;
    if (document.activeElement !== byId("skew-by")) byId("skew-by").value = summary.skew;
    if (summary.world !== world) [ledger, requests].forEach((log) => log.forget());
    world = summary.world;
    drawStatuses(summary);
    await ledger.follow(summary.ledger);
    await requests.follow(summary.requests);
  }
  const query = new URLSearchParams({ search: byId("search").value.trim(), status: byId("status").value, limit: DRAWN });
  const instances = await read(`instances?${query}`, "instances");
  if (instances) drawInstances(instances);
  const faults = await read("faults");
  if (faults) drawFaults(faults.value);
  tick();
}

/** Look once; a call meanwhile looks again afterwards, so that what was just changed is seen. */
async function poll() {
  again = true;
  if (looking) return;
  looking = true;
  try {
    while (again) {
      again = false;
      await look();
    }
    state("connected", false);
  } catch (error) {
    state(`no connection: ${error.message}`, true);
  } finally {
    looking = false;
  }
}

function state(text, lost) {
  if (byId("link").textContent !== text) byId("link").textContent = text;
  byId("link").classList.toggle("lost", lost);
}

// ---- controls

function onSubmit(id, act) {
  byId(id).addEventListener("submit", (event) => { event.preventDefault(); act(); });
}

SWITCHES.forEach(([name], at) => {
  const label = make("label"), box = make("input", null, { type: "checkbox", role: "switch", "data-preset": at });
  box.addEventListener("change", () => toggle(box));
  label.append(box, make("span", name));
  byId("switches").append(label);
});
ONCE.forEach(([name, rule]) => {
  const button = make("button", name, { type: "button" });
  button.addEventListener("click", () => change("POST", "faults", rule));
  byId("once").append(button);
});
for (const button of document.querySelectorAll("[data-advance]")) {
  button.addEventListener("click", () => change("POST", "clock", { advance: Number(button.dataset.advance) }));
}
byId("settle").addEventListener("click", () => change("POST", "clock", { settle: true }));
byId("clear").addEventListener("click", () => change("DELETE", "faults"));
byId("reset").addEventListener("click", () => {
  if (confirm("Forget everything that was done and return to the seed?")) change("POST", "reset");
});
onSubmit("advance", () => change("POST", "clock", { advance: Number(byId("advance-by").value) }));
onSubmit("skew", () => change("POST", "clock", { skew: Number(byId("skew-by").value) }));
onSubmit("filter", poll);
onSubmit("custom", () => {
  let rule;
  try { rule = JSON.parse(byId("rule").value); } catch (error) { return say(`The rule is not JSON: ${error.message}`); }
  return change("POST", "faults", rule);
});
byId("search").addEventListener("input", poll);
byId("status").addEventListener("change", poll);

// A page that nobody sees asks nothing.
setInterval(() => document.hidden || poll(), POLL);
setInterval(tick, 500);
document.addEventListener("visibilitychange", () => document.hidden || poll());
poll();
