variable "prefix" {
  description = "The deployment's name."
  type        = string
}

variable "network" {
  description = "A VPC and subnets in it. null: the region's default VPC."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
    endpoints  = optional(bool, false)
  })
}

variable "tags" {
  description = "Tags for the security group."
  type        = map(string)
}
