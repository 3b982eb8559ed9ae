// What the role of this connection may do, in the terms of config/postgres/roles.sql: an owner
// migrates, a worker does everything with jobs, an enqueuer adds some, a viewer looks.

import type { Driver } from "../driver.ts";
import { type Findings, ok, wrong } from "./findings.ts";

/** What a worker needs on each table. */
const everything = ["SELECT", "INSERT", "UPDATE", "DELETE"];
const ofWorker: Readonly<Record<string, readonly string[]>> = {
  jobs: everything,
  ended_jobs: everything,
  job_errors: everything,
  processes: everything,
  paused_queues: everything,
  job_gates: everything,
  slots: everything,
  unique_keys: everything,
  dependencies: everything,
  touched: everything,
  batches: everything,
  queue_settings: everything,
  concurrency_limits: everything,
  recurring_tasks: everything,
  recurring_ticks: everything,
  commands: everything,
  command_after: everything,
  command_groups: everything,
  environments: everything,
  all_jobs: ["SELECT"],
  schema_version: ["SELECT"],
};

const place = `SELECT current_user, space.oid IS NOT NULL,
  coalesce(pg_has_role(space.nspowner, 'USAGE') AND EXISTS (SELECT FROM pg_class
    WHERE relnamespace = space.oid AND relname = 'jobs' AND pg_has_role(relowner, 'USAGE')), false),
  coalesce(has_schema_privilege(space.oid, 'USAGE'), false),
  coalesce(has_schema_privilege(space.oid, 'CREATE'),
    has_database_privilege(current_database(), 'CREATE'))
FROM (SELECT) AS one LEFT JOIN pg_namespace AS space ON space.nspname = $1`;

type Place = [role: string, exists: boolean, owns: boolean, usage: boolean, creates: boolean];

const rights = `SELECT relname, privilege, has_table_privilege(table_.oid, privilege)
FROM unnest($2::text[], $3::text[]) AS needed (relname, privilege)
  JOIN pg_namespace AS space ON space.nspname = $1
  JOIN pg_class AS table_ USING (relname)
WHERE table_.relnamespace = space.oid`;

const mayEnqueue = `SELECT coalesce(bool_and(has_function_privilege(proc.oid, 'EXECUTE')), false)
FROM pg_proc AS proc JOIN pg_namespace AS space ON space.oid = proc.pronamespace
WHERE space.nspname = $1
  AND proc.proname IN ('enqueue', 'enqueue_many', 'enqueue_linked', 'lock_jobs', 'reconcile')`;

const mayLook = `SELECT coalesce(bool_or(has_table_privilege(view.oid, 'SELECT')), false)
FROM pg_class AS view JOIN pg_namespace AS space ON space.oid = view.relnamespace
WHERE space.nspname = $1 AND view.relname IN ('job_overview', 'all_jobs')`;

export async function privileges(driver: Driver): Findings {
  const { schema } = driver.account;
  const [role, exists, owns, usage, creates] = (await driver.query(place, [schema]))
    .rows[0] as Place;
  const who = `the role ${role}`;
  const lack = await lacking(driver, schema);
  if (lack === null) {
    if (creates) return [ok(`${who} may create the tables`)];
    const how = exists ? `GRANT CREATE ON SCHEMA ${schema}` : "GRANT CREATE ON DATABASE";
    return [wrong(`${who} cannot create the tables: ${how} to it, or migrate as another role`)];
  }
  if (!usage) return [wrong(`${who} cannot enter the schema: GRANT USAGE ON SCHEMA ${schema}`)];
  if (owns) return [ok(`${who} is the owner: it may migrate and work`)];
  if (lack.length === 0) return [ok(`${who} is a worker: it may do everything but migrate`)];
  if (await driver.value(mayEnqueue, [schema]))
    return [ok(`${who} is an enqueuer: it may enqueue, and neither look nor run jobs`)];
  if (await driver.value(mayLook, [schema]))
    return [ok(`${who} is a viewer: it may look, and change nothing`)];
  return [wrong(`${who} cannot work here: it lacks ${lack.join(", ")}; see roles.sql`)];
}

/** One entry per table; null where the tables do not exist. */
async function lacking(driver: Driver, schema: string): Promise<readonly string[] | null> {
  const needed = Object.entries(ofWorker).flatMap(([table, all]) =>
    all.map((privilege) => [table, privilege] as const),
  );
  const tables = needed.map(([table]) => table);
  const { rows } = await driver.query(rights, [schema, tables, needed.map(([, each]) => each)]);
  if (rows.length === 0) return null;
  return Object.keys(ofWorker).flatMap((table) => {
    const lost = (rows as [string, string, boolean][])
      .filter(([name, , granted]) => name === table && !granted)
      .map(([, privilege]) => privilege);
    return lost.length === 0 ? [] : [`${lost.join("/")} on ${table}`];
  });
}
