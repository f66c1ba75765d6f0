// How fast the console is, for docs/console.md. Run by `.ci/console --figures`.

import { after, test } from "node:test";

import { account, environment, machine } from "./account.mjs";
import { document as document_, launch, open, run, start } from "./harness.mjs";

const chrome = await launch();
const [figures, delays] = [[], []];
const median = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
const ninth = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length * 0.9)];
const note = (what, values) => figures.push(`| ${what} | ${Math.round(median(values))} | ${Math.round(ninth(values))} |`);

after(async () => {
  await chrome.close();
  console.log(["| | median, ms | 9 of 10 within, ms |", "| --- | --: | --: |", ...figures].join("\n"));
});

/** From the start of the navigation to the first paint with content. */
const firstPaint = (page) =>
  page.evaluate(
    () =>
      new Promise((resolve) =>
        new PerformanceObserver((list) => resolve(list.getEntries()[0].startTime)).observe({ type: "paint", buffered: true }),
      ),
  );

async function paints(page, url) {
  const values = [];
  for (let i = 0; i < 10; i++) {
    await page.goto(url);
    values.push(await firstPaint(page));
  }
  return values;
}

/** The longest tasks of the page's thread while `act` is done, in milliseconds. */
async function longest(page, act) {
  await page.evaluate(() => {
    window.tasks = [0];
    new PerformanceObserver((list) => window.tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: "longtask" });
  });
  await act();
  return Math.max(...(await page.evaluate(() => window.tasks)));
}

test("an account", async () => {
  const aws = await account();
  const server = await start(["console", "--port", "0", "--state-machine", machine, "--endpoint-url", aws.url], environment);
  const page = await open(chrome, server.url);
  await page.locator("#chips").getByText("CommandFailed").waitFor();
  note("first paint of 1,000 executions", await paints(page, `${server.origin}/`));
  const scroll = () => page.evaluate(async () => {
    for (let y = 0; y < document.body.scrollHeight; y += 400) {
      scrollTo(0, y);
      await new Promise(requestAnimationFrame);
    }
  });
  note("longest task while 1,000 executions are scrolled", [await longest(page, scroll)]);
  await page.goto(`${server.origin}/executions/long`);
  await page.locator("#last").getByText("25000").waitFor();
  note("first paint of an execution with 25,000 events", await paints(page, `${server.origin}/executions/long`));
  note("longest task while 2,000 of its events are loaded and scrolled", [await longest(page, async () => {
    await page.getByRole("link", { name: "Load the events" }).click();
    for (let count = 200; count <= 2000; count += 200) {
      await page.evaluate(() => document.querySelector("#events tr.more")?.scrollIntoView());
      await page.locator("#events tr").nth(count).waitFor();
    }
  })]);
  await server.stop();
  aws.close();
});

test("a sandbox", async () => {
  const server = await start(["serve", "--port", "0"]);
  const page = await open(chrome, server.url);
  note("first paint of the executions of a new sandbox", await paints(page, `${server.origin}/`));
  const [seen, lines] = [[], []];
  await page.exposeFunction("line", (text, at) => /^\d{13}$/.test(text) && lines.push(at - Number(text)));
  await page.exposeFunction("last", (id, at) => seen.push({ id, at }));
  await page.addInitScript(() => {
    addEventListener("DOMContentLoaded", () => {
      const watch = (id, tell) => {
        const element = document.getElementById(id);
        if (element) new MutationObserver(tell).observe(element, { childList: true, characterData: true, subtree: true });
      };
      watch("log", (changes) => changes.flatMap(({ addedNodes }) => [...addedNodes]).forEach((node) => line(node.textContent, Date.now())));
      watch("last", () => last(Number(document.getElementById("last").textContent), Date.now()));
    });
  });
  for (let i = 0; i < 5; i++) {
    await run(page, server.origin, `timed-${i}`, document_("for i in $(seq 20); do date +%s%3N; sleep 0.1; done"));
    await page.locator("#summary .badge").filter({ hasText: "Succeeded" }).waitFor();
    const link = page.getByRole("link", { name: "Load the events" });
    await link.click();
    await page.locator("#events tr").nth(30).waitFor();
    const events = await page.locator("#events tr").evaluateAll((rows) => rows.map((row) => [Number(row.dataset.id), Number(row.dataset.at)]));
    seen.splice(0).forEach(({ id, at }, index, all) => {
      const after = index ? all[index - 1].id : Infinity;
      events.filter(([event]) => event > after && event <= id).forEach(([, happened]) => events.push([0, at - happened]));
    });
    delays.push(...events.filter(([id]) => id === 0).map(([, delay]) => delay));
  }
  note("from an event of the history to the page", delays);
  note("from a line of the commands to the page", lines);
  await server.stop();
});
