# The network of the instances in one region: a security group, and the given subnets.

# Not aws_vpc: if there is none, its error does not say what to do.
data "aws_vpcs" "default" {
  count = var.network == null ? 1 : 0

  filter {
    name   = "is-default"
    values = ["true"]
  }
}

data "aws_region" "current" {}

locals {
  # Provider 6 deprecates `name`, and provider 5 has no `region`.
  region = data.aws_region.current.id
  vpc_id = var.network == null ? one(one(data.aws_vpcs.default[*].ids)) : var.network.vpc_id
  # Without a subnet, EC2 chooses a zone that has the instance type.
  subnet_ids = var.network == null ? [] : var.network.subnet_ids
}

# No incoming connections: the SSM agent connects to AWS.
resource "aws_security_group" "instances" {
  #checkov:skip=CKV2_AWS_5:Instances get it when they are launched
  name        = "${var.prefix}-instances"
  description = "Instances of the deployment ${var.prefix} of ec2-ops: nothing in, everything out"
  vpc_id      = local.vpc_id
  tags        = merge(var.tags, { Name = "${var.prefix}-instances" })

  lifecycle {
    precondition {
      condition     = local.vpc_id != null
      error_message = "${local.region} has no default VPC for the instances. Name a network: network = { vpc_id = \"vpc-…\", subnet_ids = [\"subnet-…\"] }. Or create a default VPC: aws ec2 create-default-vpc --region ${local.region}"
    }
  }
}

resource "aws_vpc_security_group_egress_rule" "instances" {
  #checkov:skip=CKV_AWS_382:Commands may connect to any address
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.instances.id
  description       = "Everything out, ${each.key}"
  ip_protocol       = "-1"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
  # Never empty: provider 5.31 would plan to add an empty map of tags again and again.
  tags = merge(var.tags, { Name = "${var.prefix}-instances" })
}
