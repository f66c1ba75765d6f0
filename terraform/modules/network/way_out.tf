# Warns of subnets in which the SSM agent would never be online, because it cannot connect to AWS. Without the warning, the
# first execution would find out, after it has paid for an instance.
#
# It is a warning and no error: a configuration may create the network in the same apply, and its routes after this.

data "aws_subnet" "this" {
  # By index: the ids may be unknown until the apply.
  count = length(local.subnet_ids)

  id = local.subnet_ids[count.index]

  lifecycle {
    postcondition {
      condition     = self.vpc_id == local.vpc_id
      error_message = "network: ${self.id} is a subnet of ${self.vpc_id}, not of ${local.vpc_id}."
    }
  }
}

data "aws_route_tables" "own" {
  count = length(local.subnet_ids)

  filter {
    name   = "association.subnet-id"
    values = [local.subnet_ids[count.index]]
  }
}

# A subnet without a route table of its own has the main one of its VPC.
data "aws_route_tables" "main" {
  count = length(local.subnet_ids) > 0 ? 1 : 0

  vpc_id = local.vpc_id

  filter {
    name   = "association.main"
    values = ["true"]
  }
}

data "aws_route_table" "this" {
  count = length(local.subnet_ids)

  route_table_id = one(concat(
    data.aws_route_tables.own[count.index].ids,
    length(data.aws_route_tables.own[count.index].ids) > 0 ? [] : data.aws_route_tables.main[0].ids,
  ))
}

locals {
  # For each subnet: the gateways of its route to all addresses. There is one or none, and it is "-" for a NAT gateway and the like.
  gateways = [for table in data.aws_route_table.this :
    [for route in table.routes : coalesce(route.gateway_id, "-") if route.cidr_block == "0.0.0.0/0"]
  ]
  # An internet gateway is of no use to an instance without a public address.
  cut_off = [for index, gateways in local.gateways : local.subnet_ids[index]
    if length(gateways) == 0 || startswith(join("", gateways), "igw-") && !data.aws_subnet.this[index].map_public_ip_on_launch
  ]
}

check "way_out" {
  assert {
    condition = length(local.cut_off) == 0 || try(var.network.endpoints, false)
    # Terraform prints indented lines as they are.
    error_message = <<-EOT
      Instances in ${join(", ", local.cut_off)} cannot connect to AWS: there is no route to the internet, or no public address for it. Their SSM agents would never be online. One of these gives them a way:
        a public address, if there is a route to an internet gateway:
          aws ec2 modify-subnet-attribute --map-public-ip-on-launch --subnet-id SUBNET
        a NAT gateway, and a route to it:
          aws ec2 create-route --destination-cidr-block 0.0.0.0/0 --nat-gateway-id NAT --route-table-id TABLE
        endpoints in the VPC for ssm, ssmmessages, ec2messages, logs and s3, each by:
          aws ec2 create-vpc-endpoint --vpc-id ${coalesce(local.vpc_id, "-")} --service-name com.amazonaws.${local.region}.SERVICE …
          If they exist, say so: network = { vpc_id = …, subnet_ids = […], endpoints = true }
    EOT
  }
}
