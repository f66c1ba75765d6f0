# Every setting: two regions, your own network, schedules, a topic for outcomes, alarms by e-mail, a dashboard.

provider "aws" {
  region = "us-east-1"
}

provider "aws" {
  alias  = "us_west_2"
  region = "us-west-2"
}

locals {
  prefix = "forecasts"
  daily  = templatefile("${path.module}/daily.json", { output_bucket = var.output_bucket })
}

module "ec2_ops" {
  source = "../.."

  prefix     = local.prefix
  functions  = { architecture = "x86_64", memory_mb = 512 }
  executions = { fail_execution = true, backoff_s = 60 }
  instances  = { output_buckets = [var.output_bucket] }
  network    = var.network
  logs       = { retention_days = 30, force_destroy = true }

  additional_regions = { us-west-2 = module.us_west_2.instance_defaults }

  schedules = {
    # Every day at 05:30 in New York, in summer and winter. The window of 15 minutes spreads the starts.
    daily = {
      expression     = "cron(30 5 * * ? *)"
      timezone       = "America/New_York"
      window_minutes = 15
      document       = local.daily
    }
    # Every hour, in UTC, because UTC skips and repeats no hour.
    hourly = {
      expression = "cron(5 * * * ? *)"
      document   = local.daily
      enabled    = false
    }
  }

  outcomes   = { topic = true }
  monitoring = { alarm_emails = [var.email], dashboard = true }
  tags       = { team = "forecasts" }
}

# Oregon forwards its events to Virginia, where the state machine is.
module "us_west_2" {
  source    = "../../modules/region"
  providers = { aws = aws.us_west_2 }

  prefix = local.prefix
  home   = module.ec2_ops.home
  tags   = { team = "forecasts" }
}
