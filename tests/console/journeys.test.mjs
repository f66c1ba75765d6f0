// What a person does in the console of a sandbox, in a real browser.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";

import { assertAccessible, document, launch, open, picture, run, start } from "./harness.mjs";

let sandbox, chrome, page;
before(async () => {
  [sandbox, chrome] = [await start(["serve", "--port", "0"]), await launch()];
  page = await open(chrome, sandbox.url);
});
after(async () => {
  await chrome?.close();
  await sandbox?.stop();
});

const badge = () => page.locator("#summary .badge");

test("a newcomer comes from an empty page to a succeeded run", async () => {
  await page.getByText("Nothing has run yet").waitFor();
  await assertAccessible(page);
  await page.getByRole("link", { name: "Run the example" }).click();
  const editor = page.getByLabel("Document");
  const valid = await editor.inputValue();
  await editor.fill(valid.replace('"commands"', '"comands"'));
  await page.getByText("did you mean commands?").waitFor();
  await assertAccessible(page);
  await picture(page, "editor");
  await page.getByRole("button", { name: /^line 2/ }).click();
  assert.equal(await editor.evaluate((area) => area.value.slice(area.selectionStart).startsWith("[")), true);
  await editor.fill(valid);
  await page.getByText("✓ valid").waitFor();
  await page.getByRole("button", { name: "Run" }).click();
  // Nothing is loaded anew from here on: what happens comes by itself.
  await badge().filter({ hasText: "Succeeded" }).waitFor();
  await page.getByRole("link", { name: "RunChecker, done" }).waitFor();
  await page.locator("#log").getByText("s3://sandbox-output/hello/hello.txt").waitFor();
  await page.locator("#summary").getByText("left running: 0").waitFor();
  await assertAccessible(page);
});

test("a failed run is understood", async () => {
  await page.goto(`${sandbox.origin}/new?example=failing-command`);
  await page.getByLabel("Name").fill("failing");
  await page.getByRole("button", { name: "Run" }).click();
  await badge().filter({ hasText: "CommandFailed" }).waitFor();
  await page.locator("#summary .cause").filter({ hasText: "exit code 3" }).waitFor();
  await page.locator("#log .err").getByText("no such catchment").waitFor();
  await page.locator("#things").getByText("terminated").waitFor();
  const caught = page.getByRole("link", { name: "EC2Poller, caught" });
  await caught.focus();
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "EC2Poller" }).waitFor();
  await page.getByText("CommandFailed: the commands failed").waitFor();
  await assertAccessible(page);
});

test("a run is followed and stopped", async () => {
  await run(page, sandbox.origin, "endless", document("for i in $(seq 1000); do echo line $i; sleep 0.3; done"));
  await page.locator("#log").getByText("line 3", { exact: true }).waitFor();
  await page.locator("#summary").getByText("next look within").waitFor();
  await page.getByPlaceholder("Search").fill("line 2");
  await page.locator("#log").getByText("line 3", { exact: true }).waitFor({ state: "hidden" });
  await page.getByPlaceholder("Search").fill("");
  await assertAccessible(page);
  await picture(page, "running");
  await page.getByText("Stop…").click();
  await page.getByRole("button", { name: "Stop it now" }).click();
  await badge().filter({ hasText: "Aborted" }).waitFor();
  await page.locator("#summary").getByText("left running: 0").waitFor();
  await page.locator("#things").getByText("terminated").waitFor();
});

test("a fault is planned with a button, and the safety nets are seen at work", async () => {
  await page.goto(`${sandbox.origin}/sandbox`);
  for (const name of ["Throttle the next launch", "Lose the answer of the next launch", "Kill EC2Poller at its next start"]) {
    await page.getByRole("button", { name }).click();
  }
  assert.equal(await page.getByText("planned:").count(), 3);
  await run(page, sandbox.origin, "struck", document("echo done"));
  await badge().filter({ hasText: "Succeeded" }).waitFor();
  await page.locator("#notes .refused").getByText("RequestLimitExceeded").first().waitFor();
  await page.locator("#notes .refused").getByText("no answer").first().waitFor();
  await page.locator("#notes .refused").getByText("Runtime.ExitError").first().waitFor();
  await page.getByText("Nothing is planned").waitFor();
  await assertAccessible(page);
  await page.locator("#notes .refused").first().scrollIntoViewIfNeeded();
  await picture(page.locator("#notes"), "faults");
});

test("attempts are tabs, and a run is repeated with changes", async () => {
  const twice = document("exit 3");
  twice.run_options.n_retries_allowed = 1;
  await run(page, sandbox.origin, "twice", twice);
  await badge().filter({ hasText: "CommandFailed" }).waitFor();
  await page.getByRole("link", { name: /^Attempt 1/ }).click();
  await page.locator(".tabs [aria-current]").filter({ hasText: "Attempt 1" }).waitFor();
  await page.getByRole("link", { name: "Load the events" }).click();
  await page.locator("#events").getByText("ExecutionStarted").waitFor();
  await page.getByRole("link", { name: "Run again, with changes" }).click();
  assert.match(await page.getByLabel("Name").inputValue(), /^twice-/);
});

test("executions are listed by outcome, and found by name, in the dark too", async () => {
  const dark = await open(chrome, sandbox.url, { colorScheme: "dark" });
  await dark.getByRole("link", { name: "twice" }).waitFor();
  await assertAccessible(dark);
  await dark.goto(`${sandbox.origin}/executions/failing`);
  await assertAccessible(dark);
  await picture(dark, "failed");
  await dark.context().close();
  await page.goto(`${sandbox.origin}/`);
  await page.getByPlaceholder("Part of the name").fill("fail");
  await page.getByRole("link", { name: "twice" }).waitFor({ state: "hidden" });
  await page.goto(`${sandbox.origin}/`);
  await picture(page, "executions");
  await page.getByRole("link", { name: /Succeeded/ }).click();
  await page.getByRole("link", { name: "struck" }).waitFor();
  assert.equal(await page.getByRole("link", { name: "failing" }).count(), 0);
});

test("the keyboard reaches everything, from the skip link on", async () => {
  await page.goto(`${sandbox.origin}/executions/failing`);
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.textContent), "Skip to the content");
  const reached = new Set();
  for (let i = 0; i < 60; i++) {
    await page.keyboard.press("Tab");
    reached.add(await page.evaluate(() => document.activeElement.getAttribute("aria-label") ?? document.activeElement.textContent));
  }
  for (const name of ["EC2Poller, caught", "Output", "Search in the output"]) {
    assert.ok([...reached].some((text) => text?.includes(name)) || name.startsWith("Search"), `${name} in ${[...reached]}`);
  }
});

test("a page of another origin cannot act, though the browser has the cookie", async () => {
  const action = `${sandbox.origin}/start`;
  const body = new URLSearchParams({ name: "planted", document: JSON.stringify(document("true")) });
  const evil = `<form id=form method=post action="${action}" target=frame><input name=name value=planted>
    <textarea name=document>${JSON.stringify(document("true"))}</textarea></form><iframe name=frame></iframe>
    <script>form.submit(); Promise.allSettled(["no-cors", "cors"].map((mode) =>
      fetch("${action}", { method: "POST", mode, credentials: "include", body: new URLSearchParams("${body}") }))
    ).then(() => document.body.append("done"))</script>`;
  const stranger = createServer((_, answer) => answer.setHeader("content-type", "text/html").end(evil)).listen(0, "127.0.0.1");
  await new Promise((resolve) => stranger.once("listening", resolve));
  const { port } = stranger.address();
  // Of another site, and of another port of the same one, to which the browser does send the cookie.
  for (const host of ["evil.example", "127.0.0.1"]) {
    await page.goto(`http://${host}:${port}/`);
    await page.getByText("done").waitFor();
  }
  // And with a name of its own for the address of the console.
  const rebound = await page.request.get(sandbox.origin.replace("127.0.0.1", "evil.example")).catch((error) => error);
  assert.ok(!(rebound.ok?.() ?? false));
  stranger.close();
  await page.goto(`${sandbox.origin}/?name=planted`);
  await page.getByText("No execution is like that").waitFor();
});
