output "instance_defaults" {
  description = "The value for this region's name in the deployment's variable `additional_regions`."
  value       = module.network.instance_defaults
}
