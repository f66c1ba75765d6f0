variable "prefix" {
  description = "The value of the deployment's variable `prefix`."
  type        = string
}

variable "home" {
  # Separate from the prefix: the security group needs only the prefix, and the deployment needs the security group before it
  # knows these values.
  description = "The value of the deployment's output `home`."
  type = object({
    event_bus_arn     = string
    events_role_arn   = string
    command_log_group = string
    retention_days    = number
  })
}

variable "network" {
  description = "A VPC of this region and subnets in it, as in the deployment's variable `network`. null: the region's default VPC."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
    endpoints  = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.network == null || try(length(var.network.subnet_ids) > 0, false)
    error_message = "network.subnet_ids: expected at least one subnet of the VPC."
  }
}

variable "kms_key_arn" {
  description = "Your own KMS key, in this region, for its log group."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for every resource in this region."
  type        = map(string)
  default     = {}
}
