variable "output_bucket" {
  description = "The name of an existing bucket: commands may write to it, and outputs are looked for in it."
  type        = string
}

variable "network" {
  description = "A VPC of us-east-1 and subnets of it with a way to AWS's services; null for the default VPC."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = null
}

variable "email" {
  description = "Who hears alarms."
  type        = string
}
