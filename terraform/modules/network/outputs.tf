output "instance_defaults" {
  description = "The security groups and subnets of instances in this region whose documents name none."
  value = {
    security_group_ids = [aws_security_group.instances.id]
    subnet_ids         = local.subnet_ids
  }
}
