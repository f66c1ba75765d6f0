// An account with more in it than a sandbox on one machine can have: it answers the calls that the console makes, like AWS.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";

export const machine = "arn:aws:states:us-east-1:123456789012:stateMachine:forecasts";
const prefix = machine.replace("stateMachine", "execution");
const began = Date.UTC(2026, 0, 1) / 1000;

const definition = (await readFile(new URL("../../state_machine/run_commands.asl.json", import.meta.url), "utf8")).replace(
  /\$\{(\w+)\}/g,
  "arn:aws:lambda:us-east-1:123456789012:function:$1",
);
const input = JSON.stringify({
  commands: ["true"],
  instance_parameters: { ImageId: "ami-0abcdef1234567890", InstanceType: "t3.micro" },
});

/** The history of an execution whose EC2Stopper was tried so often that it has `count` events. */
function history(count) {
  const events = [];
  const add = (type, details = {}) => events.push({ id: events.length + 1, previousEventId: events.length, timestamp: began + events.length, type, ...details });
  const state = JSON.stringify({ attempt: { number: 1, started: "2026-01-01T00:00:00Z" } });
  const stay = (kind, name) => {
    add(`${kind}StateEntered`, { stateEnteredEventDetails: { name, input: state } });
    if (kind === "Task") add("TaskScheduled", { taskScheduledEventDetails: { resource: "invoke", resourceType: "lambda", region: "us-east-1", parameters: "{}", timeoutInSeconds: 60 } });
    if (kind === "Task") add("TaskSucceeded", { taskSucceededEventDetails: { resource: "invoke", resourceType: "lambda" } });
    add(`${kind}StateExited`, { stateExitedEventDetails: { name, output: state } });
  };
  add("ExecutionStarted", { executionStartedEventDetails: { input } });
  stay("Pass", "Begin");
  stay("Pass", "NextCandidate");
  for (const name of ["EC2StarterFromAMI", "Boot", "Commander", "EC2Poller", "RunChecker"]) stay("Task", name);
  stay("Pass", "AttemptOver");
  add("TaskStateEntered", { stateEnteredEventDetails: { name: "EC2Stopper", input: state } });
  while (events.length < count) {
    add("TaskScheduled", { taskScheduledEventDetails: { resource: "invoke", resourceType: "lambda", region: "us-east-1", parameters: "{}" } });
    add("TaskStarted", { taskStartedEventDetails: { resource: "invoke", resourceType: "lambda" } });
    add("TaskFailed", { taskFailedEventDetails: { resource: "invoke", resourceType: "lambda", error: "CleanupPending", cause: '{"errorType":"CleanupPending","errorMessage":"vol-1 is being deleted"}' } });
  }
  return events;
}

/** Serves an account with `executions` executions, one of which, `long`, has `events` events. */
export async function account({ executions = 1000, events = 25_000 } = {}) {
  const list = Array.from({ length: executions }, (_, index) => ({
    executionArn: `${prefix}:run-${index}`,
    name: `run-${index}`,
    stateMachineArn: machine,
    startDate: began + index,
    stopDate: began + index + 300,
    status: "SUCCEEDED",
  })).reverse();
  list.unshift({ executionArn: `${prefix}:long`, name: "long", stateMachineArn: machine, startDate: began, status: "RUNNING" });
  const long = history(events);
  const calls = {};
  const actions = {
    ListExecutions({ statusFilter, maxResults }) {
      return { executions: list.filter(({ status }) => !statusFilter || status === statusFilter).slice(0, maxResults) };
    },
    DescribeExecution({ executionArn }) {
      const found = list.find((one) => one.executionArn === executionArn);
      if (!found) return;
      const number = Number(found.name.split("-")[1]);
      const status = number % 10 ? "Succeeded" : "CommandFailed";
      const attempt = { attempt: 1, status, instances: [`i-${String(number).padStart(17, "0")}`], instance_type: "t3.micro", market: "spot" };
      const output = JSON.stringify({ outcome: { status, attempts: [attempt], warnings: [] } });
      return { ...found, input, ...(found.status === "SUCCEEDED" && { output }) };
    },
    GetExecutionHistory({ reverseOrder, maxResults = 100, nextToken = "0" }) {
      const ordered = reverseOrder ? long.toReversed() : long;
      const [from, to] = [Number(nextToken), Number(nextToken) + maxResults];
      return { events: ordered.slice(from, to), ...(to < long.length && { nextToken: String(to) }) };
    },
    DescribeStateMachineForExecution: () => ({ stateMachineArn: machine, name: "forecasts", definition, roleArn: "arn:aws:iam::123456789012:role/r", updateDate: began }),
    StopExecution: () => ({ stopDate: began }),
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (part) => (body += part));
    request.on("end", () => {
      const target = request.headers["x-amz-target"]?.split(".")[1];
      const action = target ?? new URLSearchParams(body).get("Action");
      calls[action] = (calls[action] ?? 0) + 1;
      if (target) {
        const answer = actions[target]?.(JSON.parse(body));
        response.writeHead(answer ? 200 : 400, { "content-type": "application/x-amz-json-1.0" });
        response.end(JSON.stringify(answer ?? { __type: "ExecutionDoesNotExist", message: "no such execution" }));
      } else {
        const items = action === "DescribeVolumes" ? "<volumeSet/>" : "<reservationSet/>";
        response.writeHead(200, { "content-type": "text/xml" });
        response.end(`<${action}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/"><requestId>r</requestId>${items}</${action}Response>`);
      }
    });
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return { url: `http://127.0.0.1:${server.address().port}`, calls, close: () => server.close() };
}

/** The environment of a user of that account. */
export const environment = { AWS_ACCESS_KEY_ID: "AKIAEXAMPLE", AWS_SECRET_ACCESS_KEY: "secret", AWS_REGION: "us-east-1", AWS_EC2_METADATA_DISABLED: "true" };
