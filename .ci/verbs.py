"""The account in moto for .ci/verbs, and what each verb must say about it."""

import datetime
import json
import subprocess
import sys
import time
import urllib.request
import os

import boto3

COMMAND = sys.argv[1]
NOW = datetime.datetime.now(datetime.timezone.utc)
states, s3, logs, ec2 = (boto3.client(name) for name in ("stepfunctions", "s3", "logs", "ec2"))
account = boto3.client("sts").get_caller_identity()["Account"]
BUCKET = f"ec2-ops-logs-{account}-us-east-1"
GROUP, COMMAND_ID = "/ec2-ops/commands", "0fffa190-1915-4903-a6fb-729f43b94c57"


def at(minutes_ago):
    return (NOW - datetime.timedelta(minutes=minutes_ago)).strftime("%Y-%m-%dT%H:%M:%SZ")


# Without this, moto runs no state machine.
request = urllib.request.Request(
    os.environ["AWS_ENDPOINT_URL"] + "/moto-api/config",
    data=json.dumps({"stepfunctions": {"execute_state_machine": True}}).encode(),
    headers={"Content-Type": "application/json"},
    method="POST",
)
urllib.request.urlopen(request).read()

image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
[instance] = ec2.run_instances(ImageId=image, InstanceType="t4g.nano", MinCount=1, MaxCount=1)["Instances"]
instance = instance["InstanceId"]

record = {
    "attempt": 1, "status": "Succeeded", "instances": [instance], "market": "on-demand", "exit_code": 0,
    "started_at": at(9), "launched_at": at(8), "over_at": at(3), "ended_at": at(2), "region": "us-east-1",
    "instance_type": "t4g.nano", "zone": "us-east-1a",
}
sections = {
    "attempt": {"number": 1, "started": at(9)},
    "attempts": [],
    "instance": {"id": instance, "region": "us-east-1", "market": "on-demand", "launched_at": at(8)},
    "command": {"id": COMMAND_ID, "logs": [f"cloudwatch:{GROUP}:{COMMAND_ID}"], "poll_seconds": 60,
                "deliver_by": at(3), "end_by": at(-60)},
}
outcome = {"status": "Succeeded", "attempts": [record], "warnings": [], "next": "succeed", "backoff_seconds": 0}
machine = {
    "StartAt": "Begin",
    "States": {
        # The states of the deployment whose sections the verbs read.
        "Begin": {"Type": "Pass", "Parameters": {"document.$": "$", **sections}, "Next": "Long"},
        "Long": {
            "Type": "Choice",
            "Choices": [{"Variable": "$.document.variables", "IsPresent": True, "Next": "EC2Poller"}],
            "Default": "EC2Stopper",
        },
        "EC2Poller": {"Type": "Wait", "Seconds": 600, "Next": "EC2Stopper"},
        "EC2Stopper": {"Type": "Pass", "Result": outcome, "ResultPath": "$.outcome", "End": True},
    },
}
arn = states.create_state_machine(
    name="ec2-ops", definition=json.dumps(machine), roleArn=f"arn:aws:iam::{account}:role/states"
)["stateMachineArn"]

logs.create_log_group(logGroupName=GROUP)
stream = f"{COMMAND_ID}/{instance}/aws-runShellScript/stdout"
logs.create_log_stream(logGroupName=GROUP, logStreamName=stream)
event = {"timestamp": int(NOW.timestamp() * 1000), "message": "one\ntwo\n"}
logs.put_log_events(logGroupName=GROUP, logStreamName=stream, logEvents=[event])
s3.create_bucket(Bucket=BUCKET)


def ops(*arguments, code=0, stdin=None):
    done = subprocess.run([COMMAND, *arguments], input=stdin, capture_output=True, text=True)
    if done.returncode != code:
        sys.exit(f"{arguments} ended with {done.returncode}, expected {code}:\n{done.stdout}{done.stderr}")
    print("ok", *arguments)
    return done


def says(*arguments):
    return json.loads(ops(*arguments, "--json").stdout)


document = {
    "commands": ["true"],
    "run_options": {"ii_terminate_instance": True, "ii_delete_volume": True},
    "instance_parameters": {"ImageId": "ami-0abcdef1234567890", "InstanceType": "t4g.nano"},
}
named = ("--state-machine", "ec2-ops")
ops("start", "-", "--name", "short", *named, stdin=json.dumps(document))
ops("start", "-", "--name", "long", *named, stdin=json.dumps({**document, "variables": {"A": "b"}}))
deadline = time.monotonic() + 60
while says("list", "--status", "Succeeded", *named) == []:
    assert time.monotonic() < deadline, "the execution does not end"
    time.sleep(0.2)
assert {it["name"]: it["status"] for it in says("list", *named)} == {"short": "Succeeded", "long": "Running"}
shown = says("show", "sho", *named)
assert shown["status"] == "Succeeded" and shown["attempts"][0]["instance"]["id"] == instance, shown
assert ops("logs", "short", *named).stdout == "one\ntwo\n"
assert "long is stopped" in ops("stop", "long", *named).stdout
assert says("show", "long", *named)["status"] == "Aborted"
ops("show", "absent", *named, code=2)
ops("list", "--state-machine", "nobody", code=2)

# Of the stopped one, moto knows the state in which it was stopped.
repaired = ops("runs", "--repair", *named).stderr
assert "/short-1.json" in repaired and "/long-1.json" in repaired, repaired
rows = {row["key"]: row for row in says("runs", "--by", "status", *named)}
assert rows["Succeeded"]["attempts"] == rows["Aborted"]["attempts"] == 1, rows
[total] = [row for row in says("cost", "--status", "Succeeded", *named)["rows"] if row["key"] == "total"]
assert abs(total["usd"] - 300 / 3600 * 0.0042) < 1e-9, total
