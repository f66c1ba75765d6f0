-- The slowest boots of the last 30 days, from the launch until the instance could take commands, by type and image
SELECT
  instance_type,
  image,
  count(*) AS boots,
  approx_percentile(seconds, 0.5) AS median_seconds,
  approx_percentile(seconds, 0.9) AS p90_seconds,
  max(seconds) AS slowest_seconds
FROM (
  SELECT
    *,
    date_diff('second', from_iso8601_timestamp(launched_at), from_iso8601_timestamp(ready_at)) AS seconds
  FROM runs
  WHERE "date" >= date_format(current_date - INTERVAL '30' DAY, '%Y-%m-%d')
    AND ready_at IS NOT NULL
)
GROUP BY 1, 2
ORDER BY p90_seconds DESC
LIMIT 50
