// What every journey needs: a sandbox with its console, and a browser.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";

const { CONSOLE_BINARY: binary, CONSOLE_BROWSER: browser, CONSOLE_MODULES: modules } = process.env;
const require = createRequire(path.join(modules, "package.json"));
const { chromium } = require("playwright-core");
const axe = await readFile(require.resolve("axe-core/axe.min.js"), "utf8");

/** Starts the command, and waits for the URL of a console. `stop` ends it as Ctrl-C does. */
export async function start(args, env = {}) {
  const directory = await mkdtemp(path.join(tmpdir(), "ec2-ops-console-"));
  const process_ = spawn(binary, args, {
    env: { ...process.env, TMPDIR: directory, XDG_RUNTIME_DIR: directory, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let printed = "";
  const url = await new Promise((resolve, reject) => {
    process_.stdout.on("data", (text) => {
      printed += text;
      if (printed.includes("Ctrl-C ends it")) resolve(printed.match(/http:\S+token=\S+/)[0]);
    });
    process_.on("exit", (code) => reject(new Error(`ended with ${code}: ${printed}`)));
  });
  const stop = async () => {
    const ended = new Promise((resolve) => process_.on("exit", resolve));
    process_.kill("SIGINT");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  return { url, origin: new URL(url).origin, printed, stop };
}

/** A browser. Names that end in .example are this machine. */
export const launch = () =>
  chromium.launch({
    executablePath: browser,
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--host-resolver-rules=MAP *.example 127.0.0.1"],
  });

/** A page that shows the console at `url`. A script error fails the test at its end. */
export async function open(chrome, url, options = {}) {
  const context = await chrome.newContext({ viewport: { width: 1360, height: 900 }, ...options });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.errors = [];
  page.on("pageerror", (error) => page.errors.push(String(error)));
  page.on("console", (message) => {
    // The browser itself reports what the policy has blocked.
    if (message.type() === "error" && /Content Security Policy|Refused/.test(message.text())) page.errors.push(message.text());
  });
  await page.goto(url);
  return page;
}

/** Asserts that axe has no serious finding, and that no script failed. */
export async function assertAccessible(page) {
  const results = await page.evaluate(`(() => { ${axe}; return axe.run(document, { resultTypes: ["violations"] }); })()`);
  const serious = results.violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  const findings = serious.map(({ id, nodes }) => `${id}: ${nodes.slice(0, 3).map(({ html }) => html).join(" | ")}`);
  assert.deepEqual(findings, [], page.url());
  assert.deepEqual(page.errors, []);
}

/** A picture for docs/console.md, if pictures are asked for. */
export async function picture(page, name, options = {}) {
  const directory = process.env.CONSOLE_PICTURES;
  if (directory) await page.screenshot({ path: path.join(directory, `${name}.png`), ...options });
}

/** Writes a document into the editor, and starts it. */
export async function run(page, origin, name, document) {
  await page.goto(`${origin}/new`);
  await page.getByLabel("Name").fill(name);
  await page.getByLabel("Document").fill(JSON.stringify(document, null, 2));
  await page.getByText("✓ valid").waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByRole("heading", { name, level: 1 }).waitFor();
}

/** A document that runs `commands`. */
export const document = (...commands) => ({
  commands,
  run_options: { ii_terminate_instance: true, ii_delete_volume: true, timeout_s: 60 },
  instance_parameters: { ImageId: "ami-0abcdef1234567890", InstanceType: "t4g.nano" },
});
