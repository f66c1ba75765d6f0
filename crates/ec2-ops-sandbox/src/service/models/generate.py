"""Writes what the sandbox reads of AWS's service models, one file for each service.

    python3 -m venv venv && venv/bin/pip install botocore
    venv/bin/python generate.py [--check]

`actions` has the members that `members.rs` walks. A structure is an object, a list has one item, a map has the key `*`, and a scalar is the name of its type, or `=` and one
of its values. The names are those on the wire. Only the actions in the table of docs/sandbox.md are written.

`limits` has the bounds that `limits.rs` checks, by action and path: `Filters[].Key` is the key of each filter, `Item{}` each key of
a map, `Item.*` each of its values. The models of EC2, S3 and STS have hardly any bounds.

With --check nothing is written: the files have to be those of the botocore that they name.
"""

import json
import pathlib
import re
import sys

import botocore
from botocore.loaders import Loader

HERE = pathlib.Path(__file__).parent
PAGE = HERE.parents[4] / "docs" / "sandbox.md"
SERVICES = {
    "EC2": "ec2",
    "SSM": "ssm",
    "CloudWatch Logs": "logs",
    "DynamoDB": "dynamodb",
    "Lambda": "lambda",
    "Service Quotas": "service-quotas",
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


BOUNDS = ("min", "max", "pattern", "enum", "sensitive")


def limits(shapes, name, path, found, within=()):
    """Collects the bounds of a shape and of what is in it; what is within itself is left out."""
    if name in within:
        return
    shape, within = shapes[name], (*within, name)
    bounds = {bound: shape[bound] for bound in BOUNDS if bound in shape}
    # A least length of 0, or that a text is a secret, bounds nothing by itself.
    if path and any(value for bound, value in bounds.items() if bound != "sensitive"):
        found[path] = bounds
    for member, reference in shape.get("members", {}).items():
        limits(shapes, reference["shape"], f"{path}.{member}".lstrip("."), found, within)
    for part, suffix in (("member", "[]"), ("key", "{}"), ("value", ".*")):
        if part in shape:
            limits(shapes, shape[part]["shape"], path + suffix, found, within)


def main():
    page = PAGE.read_text()
    for title, service in SERVICES.items():
        model = Loader().load_service_model(service, "service-2")
        row = re.search(rf"^\| {title} \| (.*) \|$", page, re.MULTILINE).group(1)
        actions, bounds = {}, {}
        for action in re.findall(r"`(\w+)`", row):
            operation = model["operations"][action]
            query = model["metadata"]["protocol"] == "ec2"
            given = operation.get("input")
            actions[action] = members(model["shapes"], given["shape"], query) if given else {}
            if given and "json" in model["metadata"]["protocol"]:
                bounds[action] = {}
                limits(model["shapes"], given["shape"], "", bounds[action])
        file = HERE / f"{service}.json"
        text = json.dumps({"botocore": botocore.__version__, "actions": actions, "limits": bounds}, indent=1) + "\n"
        if "--check" not in sys.argv:
            file.write_text(text)
        elif file.read_text() != text and json.loads(file.read_text())["botocore"] == botocore.__version__:
            sys.exit(f"{file.name} is not what this script writes")


main()
