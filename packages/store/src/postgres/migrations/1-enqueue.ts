// Enqueueing as SQL functions, for triggers, for other languages, and for the transactions of
// applications on any client (enqueue-in.ts). They run with the rights of the owner, so that a role
// that may only call them can enqueue and nothing else; and they are granted to nobody at first.
// Their search path ends with pg_temp: where it is not named, a caller's temporary types come
// before the server's own, and his code would run as the owner.
//
// A command is a line for a shell on the hosts of the workers. Only a role may enqueue one that may
// UPDATE the kind of a job, and so can make a command of any. The current user is asked, never the
// user of the session: an index on an expression of somebody is computed in sessions of others, be
// it autovacuum, which is a superuser. In `enqueue_many` the current user is always the owner, so
// it takes none; `enqueue_any` is the same with the rights of its caller, and needs no grant.
//
// `now_ms` is when the statement began, also inside a transaction that began long ago. Its body is
// read once, here: a text would be read anew wherever it is inlined, with the names of its caller.
//
// The args come in an array of their own, in the order of the jobs. PostgreSQL decodes every string
// of a document of which it takes a part by name, and refuses what is not text, such as \u0000,
// which JSON may hold; the elements of an array come as they were written.

const insertMany = (kind: string): string => `
  INSERT INTO queue_runtime.jobs AS created
    (name, kind, queue, state, args, priority, label, run_at, created_at)
  SELECT job.name, ${kind}, job.queue,
    CASE WHEN job.held THEN 'held' WHEN job.due > job.now THEN 'scheduled' ELSE 'ready' END,
    job.args, job.priority, job.label, job.due, job.now
  FROM (
    SELECT number, now, element ->> 'name' AS name,
      coalesce(element ->> 'kind', 'module') AS kind,
      coalesce(element ->> 'queue', 'default') AS queue,
      CASE WHEN json_typeof(given.args) <> 'null' THEN given.args END AS args,
      coalesce((element ->> 'priority')::bigint, 0) AS priority,
      element ->> 'label' AS label,
      coalesce((element ->> 'held')::boolean, false) AS held,
      coalesce((element ->> 'at')::bigint,
        now + ceil(coalesce((element ->> 'inMs')::double precision, 0))::bigint) AS due
    FROM ROWS FROM (json_array_elements(jobs), json_array_elements(args))
        WITH ORDINALITY AS given (element, args, number),
      queue_runtime.now_ms() AS now
    WHERE element IS NOT NULL
  ) AS job
  ORDER BY job.number
  RETURNING created.id, created.state`;

export const enqueueFunctions: string = `
CREATE FUNCTION queue_runtime.now_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
RETURN floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint;

CREATE FUNCTION queue_runtime.refuse_kind(kind text) RETURNS text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'the job cannot be enqueued: a job of kind % needs a role that may UPDATE '
    'queue_runtime.jobs, and enqueue_any() or INSERT', kind
    USING ERRCODE = 'invalid_parameter_value';
END $$;

CREATE FUNCTION queue_runtime.admit_job() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF NEW.id > ${Number.MAX_SAFE_INTEGER} THEN
    RAISE EXCEPTION 'the job cannot be enqueued: id must be at most 2^53 - 1'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF NEW.kind <> 'module' AND NOT has_column_privilege(TG_RELID, 'kind', 'UPDATE') THEN
    PERFORM queue_runtime.refuse_kind(NEW.kind);
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER jobs_admission BEFORE INSERT ON queue_runtime.jobs FOR EACH ROW
WHEN (NEW.kind <> 'module' OR NEW.id > ${Number.MAX_SAFE_INTEGER})
EXECUTE FUNCTION queue_runtime.admit_job();

CREATE FUNCTION queue_runtime.enqueue_many(jobs json, args json DEFAULT NULL)
RETURNS TABLE (id bigint, state text) LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$${insertMany(
  "CASE job.kind WHEN 'module' THEN 'module' ELSE queue_runtime.refuse_kind(job.kind) END",
)}
$$;

CREATE FUNCTION queue_runtime.enqueue_any(jobs json, args json DEFAULT NULL)
RETURNS TABLE (id bigint, state text) LANGUAGE sql VOLATILE SECURITY INVOKER
SET search_path = pg_catalog, pg_temp AS $$${insertMany("job.kind")}
$$;

CREATE FUNCTION queue_runtime.enqueue(
  name text,
  args json DEFAULT NULL,
  queue text DEFAULT 'default',
  priority bigint DEFAULT 0,
  run_at timestamptz DEFAULT NULL,
  delay interval DEFAULT NULL,
  label text DEFAULT NULL
) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  due timestamptz := coalesce(run_at, statement_timestamp() + delay);
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
  IF abs(priority::numeric) > 9007199254740991 THEN
    RAISE EXCEPTION 'the job cannot be enqueued: priority must be from -2^53 + 1 to 2^53 - 1'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF length(label) NOT BETWEEN 1 AND 10000 THEN
    RAISE EXCEPTION 'the job cannot be enqueued: label must have 1 to 10000 characters'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  IF due NOT BETWEEN timestamptz '1970-01-01 00:00Z' AND timestamptz '9999-12-31 00:00Z' THEN
    RAISE EXCEPTION 'the job cannot be enqueued: it must be due between 1970 and 9999'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  SELECT job.id INTO created FROM queue_runtime.enqueue_many(
    json_build_array(json_build_object(
      'name', name, 'queue', queue, 'priority', priority, 'label', label,
      'at', CASE WHEN due > statement_timestamp() THEN ceil(extract(epoch FROM due) * 1000)
        ELSE floor(extract(epoch FROM due) * 1000) END::bigint)),
    json_build_array(args)) AS job;
  RETURN created;
END $$;

REVOKE ALL ON FUNCTION queue_runtime.enqueue_many(json, json) FROM PUBLIC;
REVOKE ALL ON FUNCTION queue_runtime.enqueue(text, json, text, bigint, timestamptz, interval, text)
  FROM PUBLIC;
`;
