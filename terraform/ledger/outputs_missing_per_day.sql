-- Executions of the last 30 days without the success that their last attempt should have had, by day
SELECT
  "date",
  count(*) AS executions,
  count_if(last_status <> 'Succeeded') AS without_success,
  count_if(last_status = 'OutputMissing') AS output_missing,
  array_join(array_agg(execution) FILTER (WHERE last_status <> 'Succeeded'), ', ') AS names
FROM (
  SELECT execution, min("date") AS "date", max_by(status, attempt) AS last_status
  FROM runs
  WHERE "date" >= date_format(current_date - INTERVAL '30' DAY, '%Y-%m-%d')
  GROUP BY execution_arn, execution
)
GROUP BY 1
ORDER BY 1 DESC
