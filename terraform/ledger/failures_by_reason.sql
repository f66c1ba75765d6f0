-- Attempts of the last 30 days without a success, by status and reason
SELECT
  status,
  -- Ids differ from attempt to attempt.
  regexp_replace(split_part(reason, chr(10), 1), '(i|vol|sir)-[0-9a-f]{17}', '$1-…') AS reason,
  count(*) AS attempts,
  max(started_at) AS latest,
  max_by(execution, started_at) AS example
FROM runs
WHERE "date" >= date_format(current_date - INTERVAL '30' DAY, '%Y-%m-%d')
  AND status <> 'Succeeded'
GROUP BY 1, 2
ORDER BY attempts DESC
