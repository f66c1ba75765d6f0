output "next" {
  description = "The commands to type next."
  value       = module.ec2_ops.next
}
