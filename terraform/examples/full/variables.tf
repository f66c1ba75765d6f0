variable "output_bucket" {
  description = "The name of an existing bucket. Commands may write to it, and RunChecker looks for outputs in it."
  type        = string
}

variable "network" {
  description = "A VPC of us-east-1 and subnets in it, as in the deployment's variable `network`. null: the default VPC."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
    endpoints  = optional(bool, false)
  })
  default = null
}

variable "email" {
  description = "The address for alarms."
  type        = string
}
