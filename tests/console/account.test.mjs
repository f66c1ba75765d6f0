// The console of an account: the same pages over AWS's own calls, with a thousand executions and a long history.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";

import { account, environment, machine } from "./account.mjs";
import { assertAccessible, launch, open, start } from "./harness.mjs";

let aws, server, chrome, page;
before(async () => {
  aws = await account();
  const args = ["console", "--port", "0", "--state-machine", machine, "--endpoint-url", aws.url];
  [server, chrome] = [await start(args, environment), await launch()];
  page = await open(chrome, server.url);
});
after(async () => {
  await chrome?.close();
  await server?.stop();
  aws?.close();
});

test("a thousand executions of an account are listed, and their outcomes come by and by", async () => {
  await page.getByText("account 123456789012, us-east-1").waitFor();
  await page.locator("#rows tr").nth(998).waitFor({ state: "attached" });
  await page.locator("#chips").getByText("CommandFailed").waitFor();
  await page.getByPlaceholder("Part of the name").fill("run-99");
  await page.waitForFunction(() => document.querySelectorAll("#rows tr:not([hidden])").length === 11);
  // Each look asks for the latest, not for all of them again.
  assert.ok(aws.calls.ListExecutions < 60, JSON.stringify(aws.calls));
});

test("a history of 25,000 events is shown, and its events are loaded as one scrolls", async () => {
  await page.goto(`${server.origin}/executions/long`);
  await page.locator("#last").getByText("25000").waitFor();
  await page.getByRole("link", { name: /EC2Stopper 83\d\d tries, (running|waiting)/ }).waitFor();
  assert.ok((await page.locator("#timeline rect").count()) < 200);
  await page.locator("#summary").getByText("EC2Stopper waits for: vol-1 is being deleted").waitFor();
  await page.getByRole("link", { name: "Load the events" }).click();
  await page.locator("#events tr").nth(200).waitFor();
  await page.locator("#events tr.more").scrollIntoViewIfNeeded();
  await page.locator("#events tr").nth(399).waitFor();
  await page.getByText("Faults").waitFor({ state: "detached" });
  await assertAccessible(page);
});
