"""moto's server, with the two calls of Step Functions that Terraform makes and moto does not have."""

import sys

from moto.core.responses import ActionResult
from moto.server import main
from moto.stepfunctions.responses import StepFunctionResponse


def validate_state_machine_definition(_self):
    return ActionResult({"result": "OK", "diagnostics": []})


def list_state_machine_versions(_self):
    return ActionResult({"stateMachineVersions": []})


StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition
StepFunctionResponse.list_state_machine_versions = list_state_machine_versions
main(sys.argv[1:])
