# What instances get whose documents name nothing themselves.

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
  # In the names of RunInstances.
  instance_defaults = {
    for region, defaults in merge(var.additional_regions, { (local.region) = module.network.instance_defaults }) :
    region => {
      IamInstanceProfile = aws_iam_instance_profile.this.name
      SecurityGroupIds   = defaults.security_group_ids
      SubnetIds          = defaults.subnet_ids
    }
  }
}
