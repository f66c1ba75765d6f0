# Where instances of one region run: a security group, and subnets if they are given.

variable "prefix" {
  description = "The deployment's name."
  type        = string
}

variable "network" {
  description = "A VPC and subnets of it; null for the region's default VPC."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
}

variable "tags" {
  description = "Tags for the security group."
  type        = map(string)
}

data "aws_vpc" "default" {
  count = var.network == null ? 1 : 0

  default = true
}

locals {
  network = var.network != null ? var.network : {
    vpc_id = data.aws_vpc.default[0].id
    # None, so that EC2 takes a zone that has the type.
    subnet_ids = []
  }
}

# Nobody connects to an instance: SSM's agent calls out.
resource "aws_security_group" "instances" {
  #checkov:skip=CKV2_AWS_5:Instances that are launched later get it
  name        = "${var.prefix}-instances"
  description = "Instances of the deployment ${var.prefix} of ec2-ops: nothing in, everything out"
  vpc_id      = local.network.vpc_id
  tags        = merge(var.tags, { Name = "${var.prefix}-instances" })
}

resource "aws_vpc_security_group_egress_rule" "instances" {
  #checkov:skip=CKV_AWS_382:What commands fetch, and from where, is their business
  for_each = { ipv4 = "0.0.0.0/0", ipv6 = "::/0" }

  security_group_id = aws_security_group.instances.id
  description       = "Everything out, ${each.key}"
  ip_protocol       = "-1"
  cidr_ipv4         = each.key == "ipv4" ? each.value : null
  cidr_ipv6         = each.key == "ipv6" ? each.value : null
  # Not without any: provider 5.31 would want to add none again and again.
  tags = merge(var.tags, { Name = "${var.prefix}-instances" })
}

output "instance_defaults" {
  description = "What instances in this region get whose documents name nothing themselves."
  value = {
    security_group_ids = [aws_security_group.instances.id]
    subnet_ids         = local.network.subnet_ids
  }
}
