# The smallest deployment: in the region of your AWS configuration, in its default VPC.

terraform {
  required_version = ">= 1.7"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.31, < 7.0"
    }
  }
}

module "ec2_ops" {
  source = "../.."

  # Commands may write to this bucket, and RunChecker looks for outputs in it.
  instances = { output_buckets = [var.output_bucket] }
}

variable "output_bucket" {
  description = "The name of an existing bucket."
  type        = string
}

output "next" {
  description = "The commands to type next."
  value       = module.ec2_ops.next
}
