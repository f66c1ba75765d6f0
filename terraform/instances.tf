# Defaults for instances whose documents name no instance profile, security group or subnet.

resource "aws_iam_instance_profile" "this" {
  name = aws_iam_role.this["Instance"].name
  role = aws_iam_role.this["Instance"].name
  tags = var.tags
}

module "network" {
  source = "./modules/network"

  prefix  = var.prefix
  network = var.network
  tags    = var.tags
}

locals {
  network_defaults    = concat([module.network.instance_defaults], values(var.additional_regions))
  own_subnets         = flatten([for defaults in local.network_defaults : defaults.subnet_ids])
  own_security_groups = flatten([for defaults in local.network_defaults : defaults.security_group_ids])

  # The field names are those of RunInstances.
  instance_defaults = {
    for region, defaults in merge(var.additional_regions, { (local.region) = module.network.instance_defaults }) :
    region => {
      IamInstanceProfile = aws_iam_instance_profile.this.name
      SecurityGroupIds   = defaults.security_group_ids
      SubnetIds          = defaults.subnet_ids
    }
  }
}
