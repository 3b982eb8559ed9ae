// Jobs for people at a SQL prompt: times they can read, and nothing of what was asked or answered.

export const overview: string = `
CREATE VIEW queue_runtime.job_overview AS
  SELECT id, name, kind, queue, state, priority, attempts, interruptions, crashes, fence,
    process_id, progress_done, progress_total, concurrency_key, unique_key, label,
    to_timestamp(run_at / 1000.0) AS run_at,
    to_timestamp(created_at / 1000.0) AS created_at,
    to_timestamp(started_at / 1000.0) AS started_at,
    to_timestamp(finished_at / 1000.0) AS finished_at,
    error ->> 'name' AS error_name
  FROM queue_runtime.all_jobs;
`;
