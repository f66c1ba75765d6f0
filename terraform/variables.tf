variable "prefix" {
  description = "The deployment's name. The name of every resource begins with it, so one account can have several deployments."
  type        = string
  default     = "ec2-ops"

  validation {
    # The log bucket's name has the tightest limit, 63 characters. It also contains the account and the region.
    condition     = can(regex("^[a-z][a-z0-9-]{0,22}[a-z0-9]$", var.prefix))
    error_message = "prefix: expected 2 to 24 lowercase letters, digits and hyphens, with a letter first and no hyphen last."
  }
}

variable "functions" {
  description = <<-EOT
    The five Lambda functions.
    architecture: arm64 or x86_64. memory_mb: 128 to 3008; more memory also means more CPU.
    release: the release that the functions must be of, such as "v0.1.0"; a plan with others stops. Default: any.
    directory, or bucket and prefix: where functions.json and the zips of a release are, if not in the module itself. A
    prefix ends with a slash. The bucket is in the deployment's region.
  EOT
  type = object({
    architecture = optional(string, "arm64")
    memory_mb    = optional(number, 256)
    release      = optional(string)
    directory    = optional(string)
    bucket       = optional(string)
    prefix       = optional(string, "")
  })
  default = {}

  validation {
    condition     = contains(["arm64", "x86_64"], var.functions.architecture)
    error_message = "functions.architecture: expected arm64 or x86_64."
  }
  validation {
    condition     = var.functions.memory_mb >= 128 && var.functions.memory_mb <= 3008
    error_message = "functions.memory_mb: expected 128 to 3008."
  }
  validation {
    condition     = var.functions.release == null || can(regex("^v[0-9]+[.][0-9]+[.][0-9]+", var.functions.release))
    error_message = "functions.release: expected the tag of a release, such as v0.1.0."
  }
  validation {
    condition     = var.functions.directory == null || var.functions.bucket == null
    error_message = "functions: expected a directory or a bucket, not both."
  }
  validation {
    condition     = var.functions.prefix == "" || var.functions.bucket != null && endswith(var.functions.prefix, "/")
    error_message = "functions.prefix: expected a bucket with it, and a slash at its end."
  }
}

variable "executions" {
  description = <<-EOT
    Settings of executions.
    fail_execution: end an execution that did not succeed as FAILED. A document can set this for itself.
    backoff_s: seconds before the second attempt, 0 to 300.
  EOT
  type = object({
    fail_execution = optional(bool, false)
    backoff_s      = optional(number, 15)
  })
  default = {}

  validation {
    condition     = var.executions.backoff_s >= 0 && var.executions.backoff_s <= 300 && floor(var.executions.backoff_s) == var.executions.backoff_s
    error_message = "executions.backoff_s: expected whole seconds from 0 to 300."
  }
}

variable "instances" {
  description = <<-EOT
    What the instances may use.
    output_buckets: names of buckets that commands may write to, and in which RunChecker looks for outputs.
    input_buckets: names of buckets that commands may read from.
    additional_role_arns: roles of instance profiles that documents may name instead of the deployment's own.
    kms_key_arns: your own KMS keys that encrypt volumes: a region's default key, keys of images, keys that documents name.
    bucket_kms_key_arns: your own KMS keys that encrypt the objects of these buckets.
    secrets: what the commands may read as `secrets` of a document: names of parameters, ARNs of secrets of Secrets Manager.
    secret_kms_key_arns: your own KMS keys that encrypt these secrets.
    image_parameters: names of your own parameters that hold the ids of images (`resolve:ssm:NAME`). AWS's own need no entry.
  EOT
  type = object({
    output_buckets       = optional(list(string), [])
    input_buckets        = optional(list(string), [])
    additional_role_arns = optional(list(string), [])
    kms_key_arns         = optional(list(string), [])
    bucket_kms_key_arns  = optional(list(string), [])
    secrets              = optional(list(string), [])
    secret_kms_key_arns  = optional(list(string), [])
    image_parameters     = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = alltrue([for name in concat(var.instances.output_buckets, var.instances.input_buckets) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", name))])
    error_message = "instances.output_buckets and input_buckets: expected names of buckets, without s3:// and without a key."
  }
  validation {
    condition     = alltrue([for arn in var.instances.additional_role_arns : can(regex("^arn:[a-z-]+:iam::[0-9]{12}:role/[^*?]+$", arn))])
    error_message = "instances.additional_role_arns: expected ARNs of roles, not of instance profiles, without wildcards."
  }
  validation {
    condition     = alltrue([for arn in concat(var.instances.kms_key_arns, var.instances.bucket_kms_key_arns, var.instances.secret_kms_key_arns) : can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/[^*?]+$", arn))])
    error_message = "instances.kms_key_arns, bucket_kms_key_arns and secret_kms_key_arns: expected ARNs of keys, not of aliases, without wildcards."
  }
  validation {
    condition     = alltrue([for name in var.instances.secrets : can(regex("^(/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*|arn:[a-z-]+:secretsmanager:[a-z0-9-]+:[0-9]{12}:secret:[^*?]+)$", name))])
    error_message = "instances.secrets: expected names of parameters such as /my/token, or ARNs of secrets of Secrets Manager, without wildcards."
  }
  validation {
    condition     = alltrue([for name in var.instances.image_parameters : can(regex("^/?[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+)*$", name))])
    error_message = "instances.image_parameters: expected names of parameters such as /my/image, without wildcards."
  }
}

variable "allowed" {
  description = <<-EOT
    What documents may launch with. A document that names anything else is refused, and EC2StarterFromAMI has no permission for
    it. Everything of a kind that is not set is allowed.
    instance_types: types such as t4g.nano, or families such as m8g.*. image_owners: account ids, or amazon.
    subnet_ids, security_group_ids: in addition to the deployment's own. subnet_ids needs network, and security_group_ids covers
    no groups by name. snapshot_ids: for the volumes of documents; [] allows none.
  EOT
  type = object({
    instance_types     = optional(list(string))
    image_owners       = optional(list(string))
    subnet_ids         = optional(list(string))
    security_group_ids = optional(list(string))
    snapshot_ids       = optional(list(string))
  })
  default = {}

  validation {
    condition     = var.allowed.instance_types == null || try(length(var.allowed.instance_types) > 0 && alltrue([for type in var.allowed.instance_types : can(regex("^[a-z0-9-]+[.]([a-z0-9-]+|[*])$", type))]), false)
    error_message = "allowed.instance_types: expected types such as t4g.nano or families such as m8g.*, at least one."
  }
  validation {
    condition     = var.allowed.image_owners == null || try(length(var.allowed.image_owners) > 0 && alltrue([for owner in var.allowed.image_owners : can(regex("^([0-9]{12}|amazon|aws-marketplace)$", owner))]), false)
    error_message = "allowed.image_owners: expected account ids of 12 digits, amazon or aws-marketplace, at least one."
  }
  validation {
    condition = alltrue([for kind, ids in { subnet = var.allowed.subnet_ids, sg = var.allowed.security_group_ids, snap = var.allowed.snapshot_ids } :
      ids == null || try(alltrue([for id in ids : can(regex("^${kind}-[0-9a-f]{8,17}$", id))]), false)
    ])
    error_message = "allowed: expected ids such as subnet-0123456789abcdef0, sg-0123456789abcdef0 and snap-0123456789abcdef0."
  }
}

variable "network" {
  description = <<-EOT
    The network of instances whose documents name no subnet: a VPC and subnets in it. null: the region's default VPC.
    Instances need a way to AWS: a public address, a NAT gateway, or endpoints. A plan warns if a subnet has no route to the
    internet. endpoints: the VPC has endpoints for SSM, S3 and CloudWatch Logs instead, so there is nothing to warn of.
  EOT
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

variable "additional_regions" {
  description = <<-EOT
    Additional regions in which documents may run. The key is the region's name. The value is the output `instance_defaults` of
    modules/region in that region: see examples/full.
  EOT
  type = map(object({
    security_group_ids = list(string)
    subnet_ids         = list(string)
  }))
  default = {}

  validation {
    condition     = alltrue([for region in keys(var.additional_regions) : can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", region))])
    error_message = "additional_regions: expected names of regions, such as us-west-2."
  }
}

variable "logs" {
  description = <<-EOT
    How logs are kept.
    retention_days: of the log groups and of the output in the bucket. command_bucket: keep the complete output of commands,
    and the ledger, in a bucket. The ledger does not expire.
    command_log_group: also keep it in CloudWatch Logs, where it appears while the commands run, and where an attempt that is
    aborted or whose instance is lost keeps its output. It costs $0.50 for each GB that commands print, and nothing while
    nothing runs.
    force_destroy: let `terraform destroy` delete a bucket that is not empty.
  EOT
  type = object({
    retention_days    = optional(number, 90)
    command_bucket    = optional(bool, true)
    command_log_group = optional(bool, true)
    force_destroy     = optional(bool, false)
  })
  default = {}

  validation {
    # https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html
    condition = contains(
      [1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653],
      var.logs.retention_days,
    )
    error_message = "logs.retention_days: expected a period that CloudWatch Logs supports, such as 7, 30, 90 or 365."
  }
}

variable "schedules" {
  description = <<-EOT
    Documents and fleets to run on a schedule, by name.
    expression: cron(…) or rate(…) of EventBridge Scheduler. document: the execution document as JSON, such as
    file("daily.json"), or fleet: the input of a fleet as JSON (docs/fleets.md). while_running, of a fleet: what happens if an
    earlier start of the schedule still runs: "skip" leaves it alone and starts nothing, "replace" stops it and starts the next.
    Without it both run. timezone: an IANA name. Other than in UTC, GMT and Etc/…, cron(…) may use only hours from 4 to 21.
    window_minutes: start at a random time within this window. enabled: false pauses the schedule.
  EOT
  type = map(object({
    expression     = string
    document       = optional(string)
    fleet          = optional(string)
    while_running  = optional(string)
    timezone       = optional(string, "UTC")
    window_minutes = optional(number, 0)
    enabled        = optional(bool, true)
  }))
  default = {}

  validation {
    # The name of an execution is this name, a hyphen and Scheduler's id, together at most 80 characters.
    condition     = alltrue([for name in keys(var.schedules) : can(regex("^[A-Za-z0-9_-]{1,40}$", name))])
    error_message = "schedules: expected names of 1 to 40 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : can(regex("^(cron\\(([^ ]+ ){5}[^ ]+\\)|rate\\([1-9][0-9]* (minute|hour|day)s?\\))$", schedule.expression))])
    error_message = "schedules: expected an expression such as cron(minutes hours day-of-month month day-of-week year) or rate(15 minutes)."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : (schedule.document == null) != (schedule.fleet == null)])
    error_message = "schedules: expected either a document or a fleet."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.document == null || can(keys(jsondecode(schedule.document)))])
    error_message = "schedules: expected a document that is a JSON object as text: file(\"run.json\") or jsonencode({…})."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.fleet == null || can([jsondecode(schedule.fleet).rows.bucket, jsondecode(schedule.fleet).rows.key])])
    error_message = "schedules: expected a fleet that is a JSON object as text, with rows.bucket and rows.key."
  }
  validation {
    # The name of a row's execution is that of the fleet's, which ends with Scheduler's id, and two numbers.
    condition     = alltrue([for name, schedule in var.schedules : schedule.fleet == null || length(name) <= 30])
    error_message = "schedules: expected at most 30 characters in the name of a fleet's schedule."
  }
  validation {
    condition = alltrue([for schedule in values(var.schedules) :
      schedule.while_running == null || (schedule.fleet != null && try(contains(["skip", "replace"], schedule.while_running), false))
    ])
    error_message = "schedules: expected while_running to be \"skip\" or \"replace\", and beside a fleet."
  }
  validation {
    condition     = alltrue([for schedule in values(var.schedules) : schedule.window_minutes >= 0 && schedule.window_minutes <= 1440])
    error_message = "schedules: expected window_minutes from 0 (start at the minute) to 1440."
  }
  validation {
    # Scheduler skips a local time that does not exist, and runs only once at a local time that occurs twice:
    # https://docs.aws.amazon.com/scheduler/latest/UserGuide/schedule-types.html#daylist-savings-time
    # Clocks change between 22:00 (Easter Island) and 04:00 (eastern Europe).
    condition = alltrue([for schedule in values(var.schedules) :
      can(regex("^(UTC|GMT|Etc/.+)$", schedule.timezone)) || startswith(schedule.expression, "rate(") || try(
        # The second field has hours and ranges of hours. tonumber fails for anything else, such as * or 4/2: refused.
        alltrue([for hours in split(",", split(" ", schedule.expression)[1]) :
          alltrue([for hour in split("-", hours) : tonumber(hour) >= 4 && tonumber(hour) <= 21]) &&
          tonumber(split("-", hours)[0]) <= tonumber(reverse(split("-", hours))[0])
        ]),
        false,
      )
    ])
    error_message = "schedules: a change to or from daylight-saving time could drop a run. Use timezone UTC, or hours from 4 to 21, such as cron(30 5 * * ? *) or cron(0 6,18 * * ? *)."
  }
}

variable "triggers" {
  description = <<-EOT
    Documents that new objects start, by name.
    bucket, prefix: where the objects appear. The bucket is in the deployment's region, sends its events to EventBridge, and is
    one of instances.input_buckets. document: the execution document as JSON, such as file("run.json"); it gets the variables
    INPUT_BUCKET and INPUT_KEY. enabled: false pauses the trigger.
  EOT
  type = map(object({
    bucket   = string
    prefix   = optional(string, "")
    document = string
    enabled  = optional(bool, true)
  }))
  default = {}

  validation {
    # The name of a rule has at most 64 characters, the prefix and this name among them.
    condition     = alltrue([for name in keys(var.triggers) : can(regex("^[A-Za-z0-9_-]{1,30}$", name))])
    error_message = "triggers: expected names of 1 to 30 letters, digits, hyphens and underscores."
  }
  validation {
    condition     = alltrue([for trigger in values(var.triggers) : can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", trigger.bucket))])
    error_message = "triggers: expected a bucket by its name, without s3:// and without a key."
  }
  validation {
    condition     = alltrue([for trigger in values(var.triggers) : can(keys(jsondecode(trigger.document)))])
    error_message = "triggers: expected a document that is a JSON object as text: file(\"run.json\") or jsonencode({…})."
  }
}

variable "outcomes" {
  description = <<-EOT
    Messages for people about the ends of executions: what the outcome is, why, how long it took, where the logs are.
    topic: create an SNS topic that gets one for every execution. emails: addresses to subscribe to it; each has to confirm.
    topic_arns: topics of your own, without .fifo, that documents may name as `run_options.notify`. Where yours is encrypted,
    its key has to allow the role PREFIX-Outcomes to use it; where it is of another account, its policy has to allow the role.
  EOT
  type = object({
    topic      = optional(bool, false)
    emails     = optional(list(string), [])
    topic_arns = optional(list(string), [])
  })
  default = {}

  validation {
    condition     = var.outcomes.topic || length(var.outcomes.emails) == 0
    error_message = "outcomes.emails: expected outcomes.topic = true as well."
  }
  validation {
    condition     = alltrue([for arn in var.outcomes.topic_arns : can(regex("^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", arn))])
    error_message = "outcomes.topic_arns: expected ARNs of topics that are not FIFO, without wildcards."
  }
  validation {
    # Documents name a topic without its account.
    condition     = length(distinct([for arn in var.outcomes.topic_arns : reverse(split(":", arn))[0]])) == length(var.outcomes.topic_arns)
    error_message = "outcomes.topic_arns: expected topics with different names."
  }
}

variable "monitoring" {
  description = <<-EOT
    alarm_emails, alarm_topic_arns: recipients of alarms. Alarms are created only if there is a recipient.
    dashboard: create a dashboard.
    Beyond CloudWatch's free tier (10 alarms and 3 dashboards per account) these cost a little even while nothing runs.
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
    Your own KMS key for logs, bucket, table, topics, schedules, executions and the functions' settings, instead of AWS's keys.
    The key's policy has to allow the services that use it: see README.md.
  EOT
  type        = string
  default     = null

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", var.kms_key_arn))
    error_message = "kms_key_arn: expected the ARN of a key, not of an alias."
  }
}

variable "tags" {
  description = "Tags for every resource of the deployment. The tags of instances are in the documents."
  type        = map(string)
  default     = {}
}
