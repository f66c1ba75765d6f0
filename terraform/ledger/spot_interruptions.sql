-- Spot attempts of the last 90 days by type and zone, and how many of them EC2 interrupted
SELECT
  instance_type,
  zone,
  count(*) AS attempts,
  count_if(status = 'SpotInterrupted') AS interrupted,
  round(100.0 * count_if(status = 'SpotInterrupted') / count(*), 1) AS percent
FROM runs
WHERE "date" >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
  AND market = 'spot'
GROUP BY 1, 2
ORDER BY percent DESC, attempts DESC
