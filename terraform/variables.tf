variable "prefix" {
  description = "The deployment's name. Every resource's name begins with it, so several deployments can live in one account."
  type        = string
  default     = "ec2-ops"

  validation {
    # The log bucket's name, which account and region follow, is the shortest of all: 63 characters.
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.prefix))
    error_message = "prefix: 2 to 24 lowercase letters, digits and hyphens, a letter first, no hyphen last."
  }
}

variable "functions" {
  description = <<-EOT
    The five Lambda functions.
    architecture: arm64 or x86_64, as the zips were built. memory_mb: 128 to 3008; it buys CPU, too.
    zip_directory: where `cargo xtask package` has put them, if not target/lambda of the repository.
  EOT
  type = object({
    architecture  = optional(string, "arm64")
    memory_mb     = optional(number, 256)
    zip_directory = optional(string)
  })
  default = {}

  validation {
    condition     = contains(["arm64", "x86_64"], var.functions.architecture)
    error_message = "functions.architecture: arm64 or x86_64."
  }
  validation {
    condition     = var.functions.memory_mb >= 128 && var.functions.memory_mb <= 3008
    error_message = "functions.memory_mb: 128 to 3008."
  }
}

variable "executions" {
  description = <<-EOT
    What holds for every execution whose document does not say otherwise.
    fail_execution: end an execution without a success as FAILED. backoff_s: seconds before the second attempt, 0 to 300.
  EOT
  type = object({
    fail_execution = optional(bool, false)
    backoff_s      = optional(number, 15)
  })
  default = {}

  validation {
    condition     = var.executions.backoff_s >= 0 && var.executions.backoff_s <= 300 && floor(var.executions.backoff_s) == var.executions.backoff_s
    error_message = "executions.backoff_s: whole seconds, 0 to 300."
  }
}

variable "instances" {
  description = <<-EOT
    What the instances may do.
    output_buckets: names of buckets that commands may write to, and in which outputs are looked for.
    input_buckets: names of buckets that commands may read from.
    additional_role_arns: roles of instance profiles that documents may name instead of the deployment's own.
    kms_key_arns: keys of one's own for volumes: the regions' default, those of encrypted images, those that documents name.
  EOT
  type = object({
    output_buckets       = optional(list(string), [])
    input_buckets        = optional(list(string), [])
    additional_role_arns = optional(list(string), [])
    kms_key_arns         = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = alltrue([for name in concat(var.instances.output_buckets, var.instances.input_buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "instances.output_buckets and input_buckets: names of buckets, without s3:// and without a key."
  }
  validation {
    condition     = alltrue([for arn in var.instances.additional_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "instances.additional_role_arns: ARNs of roles (not of instance profiles), without wildcards."
  }
  validation {
    condition     = alltrue([for arn in var.instances.kms_key_arns : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[^*?]+$", arn))])
    error_message = "instances.kms_key_arns: ARNs of keys (not of aliases), without wildcards."
  }
}

variable "network" {
  description = <<-EOT
    Where the instances of documents that name no subnet run: a VPC and subnets of it with a way to AWS's services.
    By default the region's default VPC.
  EOT
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

variable "additional_regions" {
  description = <<-EOT
    Further regions in which documents may run, by name, with the defaults for documents that name none themselves.
    Each needs modules/region, whose output `instance_defaults` belongs here: see examples/full.
  EOT
  type = map(object({
    security_group_ids = list(string)
    subnet_ids         = list(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for region in keys(var.additional_regions) : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "additional_regions: names of regions, such as us-west-2."
  }
}

variable "logs" {
  description = <<-EOT
    What is kept of logs.
    retention_days: for log groups and for the bucket. command_bucket: keep the complete output of commands in a bucket.
    command_log_group: keep it in CloudWatch Logs, too, where it can be followed while the commands run.
    force_destroy: let `terraform destroy` delete a bucket that is not empty.
  EOT
  type = object({
    retention_days    = optional(number, 90)
    command_bucket    = optional(bool, true)
    command_log_group = optional(bool, false)
    force_destroy     = optional(bool, false)
  })
  default = {}

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.logs.retention_days,
    )
    error_message = "logs.retention_days: a period that CloudWatch Logs has, such as 7, 30, 90 or 365."
  }
}

variable "schedules" {
  description = <<-EOT
    Documents to run on a schedule, by name.
    expression: cron(…) or rate(…) of EventBridge Scheduler. document: the execution document as JSON, such as
    file("daily.json"). timezone: IANA name; in one with daylight-saving time, hours from 4 to 21 only.
    window_minutes: start at any time within so many minutes. enabled: false pauses it.
  EOT
  type = map(object({
    expression     = string
    document       = string
    timezone       = optional(string, "UTC")
    window_minutes = optional(number, 0)
    enabled        = optional(bool, true)
  }))
  default = {}

  validation {
    # An execution's name is this, a hyphen and Scheduler's id, in at most 80 characters.
    condition     = alltrue([for name in keys(var.schedules) : can(regex("^[A-Za-z0-9_-]{1,40}$", name))])
    error_message = "schedules: a name has 1 to 40 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^(cron\\(([^ ]+ ){5}[^ ]+\\)|rate\\([1-9][0-9]* (minute|hour|day)s?\\))$", schedule.expression))])
    error_message = "schedules: expression is cron(minutes hours day-of-month month day-of-week year) or rate(15 minutes)."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(keys(jsondecode(schedule.document)))])
    error_message = "schedules: document is a JSON object as text: file(\"run.json\") or jsonencode({…})."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.window_minutes >= 0 && schedule.window_minutes <= 1440])
    error_message = "schedules: window_minutes is 0 (at the minute) to 1440."
  }
  validation {
    # Scheduler skips a local time that does not exist and does not repeat one that exists twice:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
    # Clocks change between 22:00 (Easter Island) and 04:00 (eastern Europe).
    condition = alltrue([for schedule in values(var.schedules) :
      can(regex("^(UTC|GMT|Etc/.+)$", schedule.timezone)) || startswith(schedule.expression, "rate(") || try(
        # The second field: hours and ranges of hours. What is not a number, such as * or 4/2, is an error: not taken.
        alltrue([for hours in split(",", split(" ", schedule.expression)[1]) :
          alltrue([for hour in split("-", hours) : tonumber(hour) >= 4 && tonumber(hour) <= 21]) &&
          tonumber(split("-", hours)[0]) <= tonumber(reverse(split("-", hours))[0])
        ]),
        false,
      )
    ])
    error_message = "schedules: a switch to or from daylight-saving time would drop a run. Use timezone UTC, or hours from 4 to 21, such as cron(30 5 * * ? *) or cron(0 6,18 * * ? *)."
  }
}

variable "outcomes" {
  description = <<-EOT
    Who hears how each execution ended.
    topic: create an SNS topic for it. emails: addresses to subscribe; each has to confirm.
  EOT
  type = object({
    topic  = optional(bool, false)
    emails = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = var.outcomes.topic || length(var.outcomes.emails) == 0
    error_message = "outcomes.emails: needs outcomes.topic = true."
  }
}

variable "monitoring" {
  description = <<-EOT
    alarm_emails, alarm_topic_arns: who hears alarms; there are alarms as soon as somebody does. dashboard: create one.
    Beyond CloudWatch's free tier (10 alarms, 3 dashboards an account) these cost a little even when nothing runs.
  EOT
  type = object({
    alarm_emails     = optional(list(string), [])
    alarm_topic_arns = optional(list(string), [])
    dashboard        = optional(bool, false)
  })
  default = {}
}

variable "kms_key_arn" {
  description = <<-EOT
    A key of your own for logs, bucket, table, topics, schedules and the functions' settings, instead of AWS's.
    Its policy has to allow the services; see README.md.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn: the ARN of a key (not of an alias)."
  }
}

variable "tags" {
  description = "Tags for every resource of the deployment. Instances get theirs from the documents."
  type        = map(string)
  default     = {}
}
