variable "prefix" {
  description = "The deployment's variable of this name."
  type        = string
}

variable "home" {
  # Not in one object with the prefix: the deployment wants to know of the security group before it can tell these.
  description = "The deployment's output of this name."
  type = object({
    event_bus_arn     = string
    events_role_arn   = string
    command_log_group = string
    retention_days    = number
  })
}

variable "network" {
  description = "As the deployment's variable of this name, in this region."
  type = object({
    vpc_id     = string
    subnet_ids = list(string)
  })
  default = null

  validation {
    condition     = var.network == null || try(length(var.network.subnet_ids) > 0, false)
    error_message = "network.subnet_ids: at least one subnet of the VPC."
  }
}

variable "kms_key_arn" {
  description = "A key of your own, in this region, for its log group."
  type        = string
  default     = null
}

variable "tags" {
  description = "Tags for every resource in this region."
  type        = map(string)
  default     = {}
}
