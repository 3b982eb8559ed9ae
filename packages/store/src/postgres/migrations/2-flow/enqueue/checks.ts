// What may be enqueued or opened by somebody who calls the functions himself: the same as by way
// of ../../../../rules, whose sentences these are. They run with the rights of the owner, and
// what they store is read later by everybody's turns: a callback without a name would be found
// wrong only when its batch is over, by a worker that has nothing to do with it.

import { safely } from "../links.ts";

const safe = Number.MAX_SAFE_INTEGER;
/** The last millisecond a `Date` can hold, and half of it. */
const latest = 8_640_000_000_000_000;
const longest: number = latest / 2;

type Check = readonly [wrong: string, sentence: string];

const ofJob: readonly Check[] = [
  ["coalesce(length(name), 0) NOT BETWEEN 1 AND 200", "name must have 1 to 200 characters"],
  ["kind NOT IN ('module', 'command')", 'kind must be "module" or "command"'],
  [
    "length(queue) NOT BETWEEN 1 AND 200 OR position('*' IN queue) > 0",
    'queue must be one name, without "*"',
  ],
  [`abs(priority) > ${safe}`, "priority must be from -2^53 + 1 to 2^53 - 1"],
  ["length(label) NOT BETWEEN 1 AND 10000", "label must have 1 to 10000 characters"],
  [
    `at NOT BETWEEN 0 AND ${latest} OR NOT in_ms BETWEEN 0 AND ${longest}`,
    "it must be due between 1970 and 9999",
  ],
  ["json_array_length(gates) > 8", "gates must have at most 8 entries"],
  ["json_array_length(uniques) > 2", "uniques must have at most 2 entries"],
  ["json_array_length(after) > 1000", "after must have at most 1000 entries"],
  ["on_failure NOT IN ('fail', 'run')", 'ifDependencyFails must be "fail" or "run"'],
];

const ofGate: readonly Check[] = [
  [
    "coalesce(length(key), 0) NOT BETWEEN 1 AND 400",
    "the key of a gate must have 1 to 400 characters",
  ],
  [
    "coalesce(kind, '') NOT IN ('concurrency', 'rate', 'fair')",
    'the kind of a gate must be "concurrency", "rate" or "fair"',
  ],
  [
    `coalesce(most, 0) NOT BETWEEN 1 AND ${safe}`,
    "the limit of a gate must be a whole number, 1 or more",
  ],
  [
    `coalesce(ms, -1) NOT BETWEEN 0 AND ${longest}`,
    "ms of a gate must be a number of milliseconds, 0 or more, and not too far in the future",
  ],
  [
    "coalesce(policy, '') NOT IN ('block', 'discard', 'replace', 'fail')",
    'onConflict of a gate must be "block", "discard", "replace" or "fail"',
  ],
  [
    "kind <> 'concurrency' AND policy <> 'block'",
    'onConflict must be "block" for a gate of another kind than concurrency',
  ],
];

const ofUnique: readonly Check[] = [
  ["coalesce(length(key), 0) NOT BETWEEN 1 AND 400", "a unique key must have 1 to 400 characters"],
  [
    "coalesce(policy, '') NOT IN ('exists', 'replace', 'debounce')",
    'onConflict of a unique key must be "exists", "replace" or "debounce"',
  ],
  [
    `for_ms NOT BETWEEN 0 AND ${longest}`,
    "forMs of a unique key must be a number of milliseconds, 0 or more",
  ],
  [
    `json_array_length(states) NOT BETWEEN 1 AND 9 OR NOT states::jsonb <@ '["held", "waiting",
      "scheduled", "blocked", "ready", "running", "finished", "failed", "cancelled"]'`,
    "states of a unique key must be states of a job, at least one",
  ],
  ["states IS NULL", "states of a unique key must have at least one entry"],
  [
    "policy <> 'exists' AND (json_array_length(after) > 0 OR batch IS NOT NULL)",
    "a job that may replace another cannot come after others, or belong to a batch",
  ],
];

const first = (checks: readonly Check[]): string => {
  const cases = checks.map(([wrong, sentence]) => `WHEN ${wrong} THEN '${sentence}'`);
  return `CASE ${cases.join("\n      ")} END`;
};

/** `prefix` says what is not done. */
const checkJobs = `
CREATE FUNCTION queue_runtime.check_jobs(jobs json, prefix text) RETURNS void
LANGUAGE plpgsql ${safely} AS $$
DECLARE
  refusal text;
BEGIN
  SELECT wrong INTO refusal FROM json_to_recordset(jobs) AS given (name text, kind text, queue text,
    priority bigint, label text, at bigint, "inMs" double precision, gates json, uniques json,
    after json, "ifDependencyFails" text, "batchId" bigint)
  CROSS JOIN LATERAL (
    SELECT ${first(ofJob)} AS wrong
    FROM (SELECT "inMs" AS in_ms, "ifDependencyFails" AS on_failure OFFSET 0) AS renamed
    UNION ALL SELECT ${first(ofGate)}
    FROM json_to_recordset(gates) AS gate (key text, kind text, "limit" bigint, ms bigint,
      "onConflict" text) CROSS JOIN LATERAL (SELECT "limit" AS most, "onConflict" AS policy) AS own
    UNION ALL SELECT ${first(ofUnique)}
    FROM json_to_recordset(uniques) AS item (key text, states json, "forMs" bigint,
      "onConflict" text) CROSS JOIN LATERAL (
        SELECT "forMs" AS for_ms, "onConflict" AS policy, "batchId" AS batch) AS own
  ) AS each WHERE wrong IS NOT NULL LIMIT 1;
  IF FOUND THEN RAISE EXCEPTION '%: %', prefix, refusal USING ERRCODE = 'QR002'; END IF;
END $$;`;

const largest = 1_048_576;

/** A callback cannot be refused any more when it is due. */
const checkBatch = `
CREATE FUNCTION queue_runtime.check_batch(batch json, metadata json, callback_args json)
RETURNS void LANGUAGE plpgsql ${safely} AS $$
DECLARE
  wrong text := CASE
    WHEN coalesce(json_typeof(batch), '') <> 'object' THEN 'a batch must be an object'
    WHEN length(batch ->> 'description') NOT BETWEEN 1 AND 10000
      THEN 'description must have 1 to 10000 characters'
    WHEN octet_length(metadata::text) > ${largest}
      THEN 'metadata must be at most ${largest} bytes of JSON'
    WHEN json_typeof(callback_args) <> 'array' OR json_array_length(callback_args) <> 3
      THEN 'callback_args must be an array with 3 entries'
    END;
  field text;
  callback json;
BEGIN
  FOREACH field IN ARRAY ARRAY['onFinish', 'onSuccess', 'onFailure'] LOOP
    EXIT WHEN wrong IS NOT NULL;
    callback := batch -> field;
    CONTINUE WHEN callback IS NULL OR json_typeof(callback) = 'null';
    IF json_typeof(callback) <> 'object' THEN
      wrong := field || ' must be an object';
      EXIT;
    END IF;
    PERFORM queue_runtime.check_jobs(json_build_array(callback),
      'the batch cannot be opened: ' || field);
    wrong := CASE
      WHEN json_array_length(callback -> 'after') > 0
        THEN field || ' must not have after: it comes after all jobs of the batch'
      WHEN callback ->> 'batchId' IS NOT NULL
        THEN field || ' must not have a batchId: it belongs to no batch'
      WHEN EXISTS (SELECT FROM json_to_recordset(callback -> 'gates') AS gate ("onConflict" text)
        WHERE "onConflict" = 'fail')
        THEN field || ' must not fail for want of a slot: nobody would hear of it' END;
  END LOOP;
  IF wrong IS NOT NULL THEN
    RAISE EXCEPTION 'the batch cannot be opened: %', wrong USING ERRCODE = 'QR002';
  END IF;
  IF EXISTS (SELECT FROM json_array_elements(callback_args) AS args
    WHERE octet_length(args::text) > ${largest})
  THEN
    RAISE EXCEPTION 'the batch cannot be opened: args must be at most ${largest} bytes of JSON'
      USING ERRCODE = 'QR002';
  END IF;
END $$;`;

export const checks: string = [checkJobs, checkBatch].join("\n");
