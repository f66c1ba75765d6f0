# The smallest deployment: in the region of your AWS configuration, in its default VPC.

module "ec2_ops" {
  source = "../.."

  # Commands may write to this bucket, and RunChecker looks for outputs in it.
  instances = { output_buckets = [var.output_bucket] }
}
