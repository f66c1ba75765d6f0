"""moto's server, with the calls that Terraform makes and moto does not have: two of Step Functions, and of
Athena the end of a query and the tags of a workgroup that has none."""

import sys

from moto.athena.models import AthenaBackend
from moto.athena.responses import AthenaResponse
from moto.core.responses import ActionResult
from moto.server import main
from moto.stepfunctions.responses import StepFunctionResponse


def validate_state_machine_definition(_self):
    return ActionResult({"result": "OK", "diagnostics": []})


def list_state_machine_versions(_self):
    return ActionResult({"stateMachineVersions": []})


def list_tags_for_resource(self, resource_arn):
    return self.tagger.list_tags_for_resource(resource_arn)


def delete_named_query(self):
    self.athena_backend.named_queries.pop(self._get_param("NamedQueryId"))
    return "{}"


AthenaResponse.delete_named_query = delete_named_query
AthenaBackend.list_tags_for_resource = list_tags_for_resource
StepFunctionResponse.validate_state_machine_definition = validate_state_machine_definition
StepFunctionResponse.list_state_machine_versions = list_state_machine_versions
main(sys.argv[1:])
