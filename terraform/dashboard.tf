locals {
  ours      = { for name in ["FailedOutcomes", "Swept", "FunctionFailures"] : name => [local.metrics_namespace, name] }
  of_states = { for name in ["Started", "Succeeded", "Failed", "Aborted", "TimedOut"] : name => ["AWS/States", "Executions${name}", "StateMachineArn", local.state_machine_arn] }

  # A row has two widgets.
  widgets = [
    { title = "Executions", stat = "Sum", metrics = values(local.of_states) },
    { title = "Outcomes that are not Succeeded", stat = "Sum", metrics = [local.ours.FailedOutcomes] },
    { title = "Duration of executions", stat = "Maximum", metrics = [["AWS/States", "ExecutionTime", "StateMachineArn", local.state_machine_arn]] },
    { title = "Found by the sweeper; failed functions", stat = "Sum", metrics = [local.ours.Swept, local.ours.FunctionFailures] },
    { title = "Invocations", stat = "Sum", metrics = [for full in values(local.function_names) : ["AWS/Lambda", "Invocations", "FunctionName", full]] },
    { title = "Duration of functions", stat = "p99", metrics = [for full in values(local.function_names) : ["AWS/Lambda", "Duration", "FunctionName", full]] },
    { title = "Throttled invocations", stat = "Sum", metrics = [for full in values(local.function_names) : ["AWS/Lambda", "Throttles", "FunctionName", full]] },
    { title = "Dropped starts of schedules", stat = "Sum", metrics = [["AWS/Scheduler", "InvocationDroppedCount", "ScheduleGroup", var.prefix]] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  count = var.monitoring.dashboard ? 1 : 0

  dashboard_name = var.prefix
  dashboard_body = jsonencode({ widgets = concat(
    [for index, widget in local.widgets : {
      type       = "metric"
      x          = index % 2 * 12
      y          = floor(index / 2) * 6
      width      = 12
      height     = 6
      properties = merge(widget, { region = local.region, view = "timeSeries", stacked = false, period = 300 })
    }],
    [{
      type   = "log"
      x      = 0
      y      = ceil(length(local.widgets) / 2) * 6
      width  = 24
      height = 8
      properties = {
        title  = "Warnings and errors of the functions"
        region = local.region
        view   = "table"
        query = join(" | ", concat(
          [for group in values(local.function_log_groups) : "SOURCE '${group}'"],
          ["fields @timestamp, level, error, message, span.execution, span.instance", "filter level in ['WARN', 'ERROR']", "sort @timestamp desc", "limit 100"],
        ))
      }
    }],
  ) })
}
