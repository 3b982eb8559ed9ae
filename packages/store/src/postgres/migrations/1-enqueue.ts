// Enqueueing as SQL functions, for triggers, for other languages, and for the transactions of
// applications on any client (enqueue-in.ts). They run with the rights of the owner, so that a role
// that may only call them can enqueue and nothing else; and they are granted to nobody at first.
//
// `now_ms` is when the statement began, also inside a transaction that began long ago.

export const enqueueFunctions: string = `
CREATE FUNCTION queue_runtime.now_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE AS $$
  SELECT floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint
$$;

CREATE FUNCTION queue_runtime.enqueue_many(jobs json)
RETURNS TABLE (id bigint, state text) LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog AS $$
  INSERT INTO queue_runtime.jobs AS created
    (name, kind, queue, state, args, priority, label, run_at, created_at)
  SELECT job.name, job.kind, job.queue,
    CASE WHEN job.held THEN 'held' WHEN job.due > job.now THEN 'scheduled' ELSE 'ready' END,
    job.args, job.priority, job.label, job.due, job.now
  FROM (
    SELECT number, now, element ->> 'name' AS name,
      coalesce(element ->> 'kind', 'module') AS kind,
      coalesce(element ->> 'queue', 'default') AS queue,
      CASE WHEN json_typeof(element -> 'args') <> 'null' THEN element -> 'args' END AS args,
      coalesce((element ->> 'priority')::bigint, 0) AS priority,
      element ->> 'label' AS label,
      coalesce((element ->> 'held')::boolean, false) AS held,
      coalesce((element ->> 'at')::bigint,
        now + ceil(coalesce((element ->> 'inMs')::double precision, 0))::bigint) AS due
    FROM json_array_elements(jobs) WITH ORDINALITY AS given (element, number),
      queue_runtime.now_ms() AS now
  ) AS job
  ORDER BY job.number
  RETURNING created.id, created.state
$$;

CREATE FUNCTION queue_runtime.enqueue(
  name text,
  args json DEFAULT NULL,
  queue text DEFAULT 'default',
  priority bigint DEFAULT 0,
  run_at timestamptz DEFAULT NULL,
  delay interval DEFAULT NULL,
  label text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
  due timestamptz := coalesce(run_at, statement_timestamp() + delay, statement_timestamp());
  created bigint;
BEGIN
  IF coalesce(length(name), 0) NOT BETWEEN 1 AND 200 THEN
    RAISE EXCEPTION 'the job cannot be enqueued: name must have 1 to 200 characters'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF coalesce(length(queue), 0) NOT BETWEEN 1 AND 200 OR position('*' IN queue) > 0 THEN
    RAISE EXCEPTION 'the job cannot be enqueued: queue must be one name, without "*"'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF octet_length(args::text) > 1048576 THEN
    RAISE EXCEPTION 'the job cannot be enqueued: args must be at most 1048576 bytes of JSON'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT job.id INTO created FROM queue_runtime.enqueue_many(json_build_array(json_build_object(
    'name', name, 'args', args, 'queue', queue, 'priority', priority, 'label', label,
    'at', ceil(extract(epoch FROM due) * 1000)::bigint))) AS job;
  RETURN created;
END $$;

REVOKE ALL ON FUNCTION queue_runtime.enqueue_many(json) FROM PUBLIC;
REVOKE ALL ON FUNCTION queue_runtime.enqueue(text, json, text, bigint, timestamptz, interval, text)
  FROM PUBLIC;
`;
