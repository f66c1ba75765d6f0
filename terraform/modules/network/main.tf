# The network of the instances in one region: a security group, and the given subnets.

data "aws_vpc" "default" {
  count = var.network == null ? 1 : 0

  default = true
}

locals {
  network = var.network != null ? var.network : {
    vpc_id = data.aws_vpc.default[0].id
    # Without a subnet, EC2 chooses a zone that has the instance type.
    subnet_ids = []
  }
}

# No incoming connections: the SSM agent connects to AWS.
resource "aws_security_group" "instances" {
  #checkov:skip=CKV2_AWS_5:Instances get it when they are launched
  name        = "${var.prefix}-instances"
  description = "Instances of the deployment ${var.prefix} of ec2-ops: nothing in, everything out"
  vpc_id      = local.network.vpc_id
  tags        = merge(var.tags, { Name = "${var.prefix}-instances" })
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
