"""Writes the members of AWS's service models that `members.rs` walks, one file for each service.

    python3 -m venv venv && venv/bin/pip install botocore
    venv/bin/python generate.py

A structure is an object, a list has one item, a map has the key `*`, and a scalar is the name of its type, or `=` and one
of its values. The names are those on the wire. Only the actions in the table of docs/sandbox.md are written.
"""

import json
import pathlib
import re

import botocore
from botocore.loaders import Loader

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[4] / "docs" / "sandbox.md"
SERVICES = {
    "EC2": "ec2",
    "SSM": "ssm",
    "CloudWatch Logs": "logs",
    "DynamoDB": "dynamodb",
    "Step Functions": "stepfunctions",
    "STS": "sts",
}


def members(shapes, name, query, within=()):
    """The members of a shape; a structure within itself is left out."""
    shape = shapes[name]
    kind = shape["type"]
    if kind == "structure":
        fields = {}
        for member, reference in shape["members"].items():
            if reference["shape"] in within:
                continue
            fields[wire(member, reference, query)] = members(shapes, reference["shape"], query, (*within, name))
        return fields
    if kind == "list":
        return [members(shapes, shape["member"]["shape"], query, (*within, name))]
    if kind == "map":
        return {"*": members(shapes, shape["value"]["shape"], query, (*within, name))}
    return "=" + shape["enum"][0] if "enum" in shape else kind


def wire(member, reference, query):
    """EC2's name on the wire: `queryName`, else `locationName` with a capital letter."""
    if not query:
        return member
    if "queryName" in reference:
        return reference["queryName"]
    name = reference.get("locationName", member)
    return name[0].upper() + name[1:]


def main():
    page = PAGE.read_text()
    for title, service in SERVICES.items():
        model = Loader().load_service_model(service, "service-2")
        row = re.search(rf"^\| {title} \| (.*) \|$", page, re.MULTILINE).group(1)
        actions = {}
        for action in re.findall(r"`(\w+)`", row):
            operation = model["operations"][action]
            query = model["metadata"]["protocol"] == "ec2"
            given = operation.get("input")
            actions[action] = members(model["shapes"], given["shape"], query) if given else {}
        text = json.dumps({"botocore": botocore.__version__, "actions": actions}, indent=1)
        (HERE / f"{service}.json").write_text(text + "\n")


main()
