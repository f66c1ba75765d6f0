# The account of the tests: known names, a default VPC.

mock_data "aws_caller_identity" {
  defaults = { account_id = "111122223333" }
}

mock_data "aws_partition" {
  defaults = { partition = "aws", dns_suffix = "amazonaws.com" }
}

mock_data "aws_region" {
  defaults = { id = "us-east-1" }
}

mock_data "aws_vpcs" {
  defaults = { ids = ["vpc-default"] }
}

# The subnets of vpc-own have a NAT gateway.

mock_data "aws_subnet" {
  defaults = { vpc_id = "vpc-own", map_public_ip_on_launch = false }
}

mock_data "aws_route_tables" {
  defaults = { ids = ["rtb-own"] }
}

mock_data "aws_route_table" {
  defaults = { routes = [{ cidr_block = "0.0.0.0/0", nat_gateway_id = "nat-own", gateway_id = "" }] }
}

# The provider requires these to look like ARNs.

mock_resource "aws_iam_role" {
  defaults = { arn = "arn:aws:iam::111122223333:role/mocked" }
}

mock_resource "aws_lambda_function" {
  defaults = {
    arn           = "arn:aws:lambda:us-east-1:111122223333:function:mocked"
    qualified_arn = "arn:aws:lambda:us-east-1:111122223333:function:mocked:7"
    version       = "7"
  }
}

mock_resource "aws_lambda_alias" {
  defaults = { arn = "arn:aws:lambda:us-east-1:111122223333:function:mocked:live" }
}

mock_resource "aws_cloudwatch_event_rule" {
  defaults = { arn = "arn:aws:events:us-east-1:111122223333:rule/mocked" }
}

mock_resource "aws_cloudwatch_log_group" {
  defaults = { arn = "arn:aws:logs:us-east-1:111122223333:log-group:mocked" }
}

mock_resource "aws_sfn_state_machine" {
  defaults = { arn = "arn:aws:states:us-east-1:111122223333:stateMachine:mocked" }
}

mock_resource "aws_sns_topic" {
  defaults = { arn = "arn:aws:sns:us-east-1:111122223333:mocked" }
}

mock_resource "aws_s3_bucket" {
  defaults = { arn = "arn:aws:s3:::mocked" }
}
