output "instance_defaults" {
  description = "For the deployment's variable `additional_regions`, under this region's name."
  value       = module.network.instance_defaults
}
