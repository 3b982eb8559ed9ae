// The functions of 1-enqueue.ts anew: jobs go another way where one of them belongs to a queue with
// settings, and `enqueue` takes a concurrency key and a unique key as well. Who may call them stays
// as it was.

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

interface Way {
  /** Where a queue has settings. */
  readonly linked: string;
  readonly rights: "DEFINER" | "INVOKER";
  readonly kind: string;
}

const enqueueBy = (name: string, { linked, rights, kind }: Way): string => `
CREATE OR REPLACE FUNCTION queue_runtime.${name}(jobs json, args json DEFAULT NULL)
RETURNS TABLE (id bigint, state text) LANGUAGE plpgsql VOLATILE SECURITY ${rights}
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM queue_runtime.queue_settings AS setting WHERE setting.name IN (
    SELECT coalesce(element ->> 'queue', 'default') FROM json_array_elements(jobs) AS element))
  THEN
    RETURN QUERY SELECT job.id, job.state FROM queue_runtime.${linked}(jobs, args) AS job;
    RETURN;
  END IF;
  RETURN QUERY${insertMany(kind)};
END $$;`;

const many = [
  enqueueBy("enqueue_many", {
    linked: "enqueue_linked",
    rights: "DEFINER",
    kind: "CASE job.kind WHEN 'module' THEN 'module' ELSE queue_runtime.refuse_kind(job.kind) END",
  }),
  enqueueBy("enqueue_any", {
    linked: "enqueue_linked_any",
    rights: "INVOKER",
    kind: "job.kind",
  }),
].join("\n");

const checks: readonly (readonly [wrong: string, sentence: string])[] = [
  ["coalesce(length(name), 0) NOT BETWEEN 1 AND 200", "name must have 1 to 200 characters"],
  [
    "coalesce(length(queue), 0) NOT BETWEEN 1 AND 200 OR position('*' IN queue) > 0",
    'queue must be one name, without "*"',
  ],
  ["octet_length(args::text) > 1048576", "args must be at most 1048576 bytes of JSON"],
  ["abs(priority::numeric) > 9007199254740991", "priority must be from -2^53 + 1 to 2^53 - 1"],
  ["length(label) NOT BETWEEN 1 AND 10000", "label must have 1 to 10000 characters"],
  [
    "due NOT BETWEEN timestamptz '1970-01-01 00:00Z' AND timestamptz '9999-12-31 00:00Z'",
    "it must be due between 1970 and 9999",
  ],
  [
    "length(concurrency_key) NOT BETWEEN 1 AND 400",
    "concurrency_key must have 1 to 400 characters",
  ],
  ["coalesce(concurrency_limit, 0) < 1", "concurrency_limit must be 1 or more"],
  ["length(unique_key) NOT BETWEEN 1 AND 400", "unique_key must have 1 to 400 characters"],
];

const refusals = checks
  .map(
    ([wrong, sentence]) => `
  IF ${wrong} THEN
    RAISE EXCEPTION 'the job cannot be enqueued: ${sentence}'
      USING ERRCODE = 'invalid_parameter_value';
  END IF;`,
  )
  .join("");

/** As long as it lives, as an author's job has it unless he says otherwise. */
const uniqueWhile = "ARRAY['held', 'waiting', 'scheduled', 'blocked', 'ready', 'running']";
const slotMs = 180_000;

/** Who may call it is read before it is dropped: a function cannot get another parameter. */
const one = `
DO $do$ DECLARE
  allowed text[] := array(
    SELECT CASE grantee WHEN 0 THEN 'PUBLIC' ELSE quote_ident(pg_get_userbyid(grantee)) END
    FROM pg_proc, aclexplode(proacl)
    WHERE pg_proc.oid = to_regproc('queue_runtime.enqueue') AND grantee <> proowner);
  who text;
BEGIN
  DROP FUNCTION queue_runtime.enqueue(text, json, text, bigint, timestamptz, interval, text);
  CREATE FUNCTION queue_runtime.enqueue(
    name text,
    args json DEFAULT NULL,
    queue text DEFAULT 'default',
    priority bigint DEFAULT 0,
    run_at timestamptz DEFAULT NULL,
    delay interval DEFAULT NULL,
    label text DEFAULT NULL,
    concurrency_key text DEFAULT NULL,
    concurrency_limit bigint DEFAULT 1,
    unique_key text DEFAULT NULL
  ) RETURNS bigint LANGUAGE plpgsql VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  due timestamptz := coalesce(run_at, statement_timestamp() + delay);
  jobs json;
  created bigint;
BEGIN${refusals}
  jobs := json_build_array(json_build_object(
    'name', name, 'queue', queue, 'priority', priority, 'label', label,
    'at', CASE WHEN due > statement_timestamp() THEN ceil(extract(epoch FROM due) * 1000)
      ELSE floor(extract(epoch FROM due) * 1000) END::bigint,
    'gates', CASE WHEN concurrency_key IS NULL THEN '[]' ELSE json_build_array(json_build_object(
      'kind', 'concurrency', 'key', concurrency_key, 'limit', concurrency_limit,
      'ms', ${slotMs}, 'onConflict', 'block')) END,
    'uniques', CASE WHEN unique_key IS NULL THEN '[]' ELSE json_build_array(json_build_object(
      'key', unique_key, 'onConflict', 'exists', 'states', to_json(${uniqueWhile}))) END));
  IF concurrency_key IS NULL AND unique_key IS NULL THEN
    SELECT job.id INTO created
    FROM queue_runtime.enqueue_many(jobs, json_build_array(args)) AS job;
  ELSE
    SELECT job.id INTO created
    FROM queue_runtime.enqueue_linked(jobs, json_build_array(args)) AS job;
  END IF;
  RETURN created;
END $$;
  REVOKE ALL ON FUNCTION queue_runtime.enqueue FROM PUBLIC;
  FOREACH who IN ARRAY allowed LOOP
    EXECUTE 'GRANT EXECUTE ON FUNCTION queue_runtime.enqueue TO ' || who;
  END LOOP;
END $do$;`;

export const plainEnqueueing: string = [many, one].join("\n");
