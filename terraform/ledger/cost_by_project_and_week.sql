-- Dollars by project and week: what the instances of the last 90 days cost on demand, and at most on Spot
WITH prices (family, region, large) AS (
  VALUES
    ${prices}
),
priced AS (
  SELECT
    runs.*,
    -- EC2 bills at least a minute. Families are priced in proportion to their sizes.
    prices.large / 3600 * greatest(instance_seconds, 60) * CASE split_part(instance_type, '.', 2)
      WHEN 'nano' THEN 0.0625
      WHEN 'micro' THEN 0.125
      WHEN 'small' THEN 0.25
      WHEN 'medium' THEN 0.5
      WHEN 'large' THEN 1
      WHEN 'xlarge' THEN 2
      ELSE 2 * try_cast(regexp_extract(instance_type, '[.]([0-9]+)xlarge$', 1) AS double)
    END AS dollars
  FROM runs
  LEFT JOIN prices ON prices.family = split_part(runs.instance_type, '.', 1) AND prices.region = runs.region
  WHERE "date" >= date_format(current_date - INTERVAL '90' DAY, '%Y-%m-%d')
    AND instance_seconds IS NOT NULL
)
SELECT
  date_trunc('week', from_iso8601_timestamp(started_at)) AS week,
  coalesce(project, '(none)') AS project,
  count(*) AS attempts,
  round(sum(instance_seconds) / 3600.0, 1) AS instance_hours,
  round(sum(dollars) FILTER (WHERE market = 'on-demand'), 2) AS on_demand_dollars,
  round(sum(dollars) FILTER (WHERE market = 'spot'), 2) AS spot_dollars_at_most,
  count_if(dollars IS NULL) AS not_priced
FROM priced
GROUP BY 1, 2
ORDER BY 1 DESC, 2
