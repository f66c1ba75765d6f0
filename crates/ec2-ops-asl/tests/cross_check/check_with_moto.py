"""Runs the shared cases through moto's Step Functions interpreter, which comes from LocalStack.

The same cases are a Rust test (`cargo test -p ec2-ops-asl --test cross_check`). Where AWS and moto disagree, the case
follows AWS, and its field `moto` says why and what moto does; this script then expects that.

    python3 -m venv venv
    venv/bin/pip install 'moto[stepfunctions,awslambda]==5.2.5'
    venv/bin/python check_with_moto.py [name of a case ...]
"""

import json
import os
import pathlib
import sys
import threading
import time
import unittest.mock

os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="us-east-1")

import boto3
from botocore.exceptions import ClientError
from moto import mock_aws

CASES = pathlib.Path(__file__).parent / "cases"
PARSER = "moto.stepfunctions.parser.asl.component"
INVOKE = f"{PARSER}.state.exec.state_task.lambda_eval_utils._invoke_lambda_function"
BACK_OFF = f"{PARSER}.common.retry.retrier_decl.time"
TOKEN_DELAY_SECONDS = 0.5
PATIENCE_SECONDS = 20


class Script:
    """What the function does at each invocation; after the last step it echoes its payload."""

    def __init__(self, steps, client):
        self.steps = list(steps)
        self.client = client

    def invoke(self, parameters, region, state_credentials):
        payload = json.loads(parameters.get("Payload", b"{}"))
        step = self.steps.pop(0) if self.steps else {}
        if "token" in step:
            threading.Timer(TOKEN_DELAY_SECONDS, self.send, [payload["token"], step["token"]]).start()
        if step.get("hangs"):
            time.sleep(PATIENCE_SECONDS)
        if "refused" in step:
            raise ClientError(
                {
                    "Error": {"Code": step["refused"], "Message": "refused"},
                    "ResponseMetadata": {"HTTPStatusCode": 400, "RequestId": "request"},
                },
                "Invoke",
            )
        if "fails" in step:
            return {"StatusCode": 200, "FunctionError": "Unhandled", "Payload": step["fails"]}
        answer = "x" * step["returns_text_of"] if "returns_text_of" in step else step.get("returns", payload)
        return {"StatusCode": 200, "ExecutedVersion": "$LATEST", "Payload": answer}

    def send(self, token, completion):
        if "success" in completion:
            self.client.send_task_success(taskToken=token, output=json.dumps(completion["success"]))
        else:
            self.client.send_task_failure(taskToken=token, **completion["failure"])


def value(text):
    """The value of JSON text; moto describes an output that is a string without its quotes."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text


def run(case):
    """The status, the output or the error, and the event types of a case."""
    client = boto3.client("stepfunctions")
    machine = client.create_state_machine(
        name="machine", definition=json.dumps(case["definition"]), roleArn="arn:aws:iam::123456789012:role/r"
    )
    script = Script(case.get("script", []), client)
    with unittest.mock.patch(INVOKE, script.invoke), unittest.mock.patch(BACK_OFF):
        execution = client.start_execution(
            stateMachineArn=machine["stateMachineArn"], name="run", input=json.dumps(case["input"])
        )["executionArn"]
        deadline = time.monotonic() + PATIENCE_SECONDS
        described = client.describe_execution(executionArn=execution)
        while described["status"] == "RUNNING" and time.monotonic() < deadline:
            time.sleep(0.1)
            described = client.describe_execution(executionArn=execution)
    found = {"status": described["status"]}
    if described["status"] == "SUCCEEDED":
        found["output"] = value(described["output"])
    events = client.get_execution_history(executionArn=execution)["events"]
    last = events[-1].get("executionFailedEventDetails", {})
    if "error" in last:
        found["error"] = last["error"]
    return found | {"events": [event["type"] for event in events]}


def main(names):
    differing = 0
    for path in sorted(CASES.glob("*.json")):
        if names and path.stem not in names:
            continue
        case = json.loads(path.read_text())
        expected = case.get("moto", {}).get("expected", case["expected"])
        with mock_aws(config={"stepfunctions": {"execute_state_machine": True}}):
            found = run(case)
        same = found == expected
        differing += not same
        print("same   " if same else "DIFFERS", path.stem, "(not as AWS)" if "moto" in case else "")
        if not same:
            print("  expected", json.dumps(expected))
            print("  found   ", json.dumps(found))
    # Threads of functions that hang must not keep the process alive.
    sys.stdout.flush()
    os._exit(min(differing, 1))


if __name__ == "__main__":
    main(sys.argv[1:])
