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

/** Send a change, say what went wrong if it did, and look at once. Returns whether it was done. */
async function change(method, path, body) {
  let done = true;
  say("");
  try {
    const answer = await fetch(`/_simulator/${path}`, { method, body: body === undefined ? undefined : JSON.stringify(body) });
    if (!answer.ok) throw new Error(await reason(answer));
  } catch (error) {
    done = false;
    say(error.message);
  }
  await poll();
  return done;
}

/** Say what went wrong where one looks: in the dialog that is open, or over the lower edge of the window. */
function say(text) {
  const inside = byId("machine").open;
  byId("machine-said").textContent = inside ? text : "";
  byId("machine-said").className = text ? "bad-text" : "";
  byId("message").textContent = inside ? "" : text;
  byId("message-bar").hidden = inside || !text;
}

// ---- drawing

function make(tag, text, attributes = {}) {
  const element = document.createElement(tag);
  if (text !== undefined && text !== null) element.textContent = text;
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** A button that copies a text; where the browser does not let it (no https, not this machine), the text is selected. */
function copier(text, what, source) {
  const button = make("button", "Copy", { type: "button", class: "small", "aria-label": `Copy ${what}`, "data-key": `copy ${text}` });
  button.addEventListener("click", () => copy(text, button, source()));
  return button;
}

async function copy(text, button, source) {
  let said = "Copied";
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    getSelection().selectAllChildren(source);
    said = "Selected";
  }
  const label = button.textContent;
  if (label === said) return;
  button.textContent = said;
  setTimeout(() => { button.textContent = label; }, 1500);
}

/** Draw anew, and leave the focus where it is. */
function redraw(parent, children) {
  const key = parent.contains(document.activeElement) ? document.activeElement.dataset.key : undefined;
  parent.replaceChildren(...children);
  if (key) parent.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus();
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
  const name = make("td", item.instanceName), id = make("span", item.instanceId, { class: "id" }), controls = make("div", null, { class: "row" });
  const act = make("button", "Act …", { type: "button", class: "small", "aria-label": `Act on ${item.instanceName}`, "data-key": `act ${item.instanceId}` });
  act.addEventListener("click", () => open(item));
  controls.append(act, copier(item.instanceId, `the id of ${item.instanceName}`, () => id));
  name.append(id, ...(item.tags.length ? [make("span", tagged(item), { class: "id" })] : []), controls);
  const image = make("td", item.imageId);
  image.append(make("span", disk(item), { class: "id" }));
  const status = make("td");
  status.append(make("span", item.status, { class: `status ${mood(item.status, item.pending)}` }));
  const happening = make("td");
  if (item.pending) happening.append(...transition(item));
  row.append(name, image, make("td", item.publicIpAddresses.concat(item.privateIpAddresses).join(", ")));
  row.append(status, happening);
  return row;
}

const disk = ({ instanceId, diskIdentity }) => diskIdentity === `original-${instanceId}` ? "original disk" : `disk ${diskIdentity}`;
const tagged = ({ tags }) => tags.map(({ key, value }) => `${key}=${value}`).join(", ");

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
  redraw(byId("instance-rows"), value.map(instanceRow));
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

// ---- one instance, in a dialog: what it is, and what somebody else does to it

let machine = null;

function open(item) {
  say("");
  byId("reinstall-image").replaceChildren(...images.map((image) => new Option(image.imageId)));
  byId("reinstall-image").value = item.imageId;
  drawMachine(item);
  byId("machine").showModal();
}

function drawMachine(item) {
  machine = item;
  byId("machine-title").textContent = item.instanceName;
  const facts = { Id: item.instanceId, Status: item.status, Image: item.imageId, Disk: item.diskIdentity, Key: item.keyId ?? "none",
    Zone: item.zoneId, Tags: tagged(item) || "none" };
  byId("machine-facts").replaceChildren(...Object.entries(facts).flatMap(([name, value]) => [make("dt", name), make("dd", value)]));
}

async function followMachine() {
  if (!byId("machine").open) return;
  try {
    const { value } = await read(`instances/${encodeURIComponent(machine.instanceId)}`, "machine") ?? {};
    if (value) drawMachine(value);
  } catch (error) {
    say(error.message);
  }
}

async function act(method, path, body, done) {
  if (await change(method, path, body)) byId("machine-said").textContent = done;
}

const patch = (fields, done) => act("PATCH", `instances/${encodeURIComponent(machine.instanceId)}`, fields, done);

// ---- what a client needs to begin with

let images = [];

/** Quote a value for a shell unless it needs none. */
const quoted = (text) => /^[\w.:@%+\/-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;

function drawAccount({ credentials, images: found, keyPairs, tags: all }) {
  images = found;
  const variables = { ZENLAYERCLOUD_DOMAIN: location.host, ZENLAYERCLOUD_SCHEME: location.protocol.slice(0, -1).toUpperCase(),
    ZENLAYERCLOUD_ACCESS_KEY_ID: credentials.accessKeyId, ZENLAYERCLOUD_ACCESS_KEY_PASSWORD: credentials.accessKeyPassword };
  byId("exports").textContent = Object.entries(variables).map(([name, value]) => `export ${name}=${quoted(value)}`).join("\n");
  byId("account-count").textContent = `${count(found.length)} and ${count(keyPairs.length)}; ${count(all.length)} tags`;
  const state = ({ imageStatus, diskIdentity }) => [imageStatus === "AVAILABLE" ? "" : imageStatus, diskIdentity && `disk ${diskIdentity}`];
  redraw(byId("account-rows"), [
    ...found.slice(0, DRAWN).map((image) => idLine(image.imageId, [image.imageName, ...state(image)])),
    ...keyPairs.slice(0, DRAWN).map((pair) => idLine(pair.keyId, [pair.keyName])),
  ]);
}

function idLine(id, words) {
  const line = make("li"), text = make("div"), code = make("code", id);
  text.append(code, make("span", words.filter(Boolean).join(", "), { class: "id" }));
  line.append(text, copier(id, id, () => code));
  return line;
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

function openRequest(entry) {
  byId("request-title").textContent = `Request ${entry.sequence}: ${entry.action}`;
  byId("request-entry").textContent = JSON.stringify(entry, null, 2);
  byId("request").showModal();
}

const requests = new Log("requests", (entry) => {
  const row = make("tr"), fine = entry.status !== null && entry.status < 400;
  const answer = [entry.status ?? "cut", entry.code, entry.faults.length ? `(${entry.faults.join(", ")})` : ""];
  const told = cell(answer.filter(Boolean).join(" "), "", fine ? "good" : "bad");
  if (entry.message) told.append(make("span", entry.message, { class: "id" }));
  const action = cell(""), opener = make("button", entry.action || "no action", { type: "button", class: "link", "data-key": `request ${entry.sequence}` });
  opener.addEventListener("click", () => openRequest(entry));
  action.append(opener);
  const ids = entry.instanceIds.slice(0, 3).join(", ");
  const more = entry.instanceIds.length > 3 ? ` and ${entry.instanceIds.length - 3} more` : "";
  row.append(cell(entry.sequence, "#", "number"), cell(clockTime(entry.at), "", "number"), action);
  row.append(told, cell(ids + more));
  return row;
});

// ---- faults

/** Whether a rule in force says at least what a preset says. */
const includes = (rule, preset) => Object.entries(preset).every(([name, value]) =>
  typeof value === "object" ? includes(rule[name] || {}, value) : rule[name] === value);

let rules = [];

function drawFaults(value) {
  rules = value;
  byId("faults-count").textContent = value.length ? `${count(value.length)} in force` : "none";
  redraw(byId("rules"), value.slice(0, DRAWN).map((item) => {
    const { number, happened, ...rule } = item;
    const line = make("li"), text = make("div");
    text.append(make("code", JSON.stringify(rule)), make("span", `happened ${count(happened)} ×`, { class: "id" }));
    const remove = make("button", "Remove", { type: "button", "data-key": `rule ${number}`, "aria-label": `Remove rule ${number}` });
    remove.addEventListener("click", () => change("DELETE", `faults/${number}`));
    line.append(text, remove);
    return line;
  }));
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
  await followMachine();
  const account = await read("account");
  if (account) drawAccount(account.value);
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
byId("copy-exports").addEventListener("click", () => copy(`${byId("exports").textContent}\n`, byId("copy-exports"), byId("exports")));
byId("dismiss").addEventListener("click", () => say(""));
for (const button of document.querySelectorAll("dialog .close")) {
  button.addEventListener("click", () => button.closest("dialog").close());
}
byId("fail").addEventListener("click", () => act("POST", "faults",
  { action: "ResetInstance", instanceId: machine.instanceId, nth: 1, effect: { type: "reinstall_fails" } }, "The next reinstall fails."));
byId("power-off").addEventListener("click", () => patch({ status: "STOPPED" }, "It is powered off."));
byId("recover").addEventListener("click", () => patch({ status: "RUNNING" }, "It runs."));
onSubmit("reinstall", () => patch({ imageId: byId("reinstall-image").value, status: "RUNNING" }, "It was reinstalled, and nobody told Pulumi."));
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
