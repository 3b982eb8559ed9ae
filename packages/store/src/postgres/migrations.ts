// The numbered steps that bring a database to the schema of this program, each exactly once.

import { StoreError } from "../errors.ts";
import type { Migration } from "../store.ts";
import type { Answer, Driver, Run } from "./driver.ts";
import { enqueueFunctions } from "./migrations/1-enqueue.ts";
import { jobs } from "./migrations/1-jobs.ts";
import { overview } from "./migrations/1-overview.ts";
import { flow } from "./migrations/2-flow.ts";
import { commands } from "./migrations/3-commands.ts";

/** The schema version is the number of steps taken, kept in `schema_version`. */
const steps: readonly string[] = [[jobs, enqueueFunctions, overview].join("\n"), flow, commands];

/** Of several programs that start at once, one migrates and the others see it done. */
const lock = "SELECT pg_advisory_xact_lock(hashtext('queue_runtime'))";

/**
 * Takes the missing steps in one transaction.
 * @throws StoreError `newer-schema`, `not-a-store`, `denied`
 */
export async function migrate(driver: Driver): Promise<Migration> {
  const seen = await schema(driver);
  if (seen.from === seen.to) return seen;
  return driver.transaction(async (run) => {
    await run(lock);
    const found = await look(driver, run);
    if (found.from < found.to) await run(script(found.from));
    return found;
  }, true);
}

/** @throws StoreError `newer-schema`, `not-a-store` */
export function schema(driver: Driver): Promise<Migration> {
  return look(driver, (text, values) => driver.query(text, values));
}

/** As `migrate` would run it; empty when nothing is missing. */
export async function migrationSql(driver: Driver): Promise<string> {
  const { from, to } = await schema(driver);
  return from === to ? "" : driver.inSchema(`BEGIN;\n${script(from)}\nCOMMIT;\n`);
}

/**
 * Read from the catalogue itself: `to_regclass` answers from a cache, which a session that has just
 * waited for the lock above has not brought up to date.
 */
const place = `SELECT bool_or(relname = 'schema_version'), bool_or(relname = 'jobs')
  FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relnamespace
  WHERE nspname = 'queue_runtime'`;

async function look(driver: Driver, run: Run): Promise<Migration> {
  const [marked, taken] = first(await run(place, [])) as [boolean | null, boolean | null];
  if (!marked && taken)
    throw new StoreError(
      "not-a-store",
      `${driver.url} has a table ${driver.account.schema}.jobs of another program: ` +
        "add ?schema=NAME to the URL of the store",
    );
  const from = marked ? (first(await run(version, []))[0] as number) : 0;
  if (from > steps.length)
    throw new StoreError(
      "newer-schema",
      `the store ${driver.url} has schema ${from}, and this version knows ${steps.length}: ` +
        "install the version that wrote it, or a newer one",
    );
  return { from, to: steps.length };
}

const version = "SELECT coalesce(max(version), 0) FROM queue_runtime.schema_version";

function first({ rows }: Answer): readonly unknown[] {
  return rows[0] as readonly unknown[];
}

function script(from: number): string {
  return [
    ...(from === 0 ? [beginning] : []),
    ...steps.slice(from),
    `INSERT INTO queue_runtime.schema_version (version) VALUES (${steps.length});`,
  ].join("\n");
}

/** An owner without the right to create schemas gets an empty one from somebody who has it. */
const beginning = `DO $$ BEGIN
  IF to_regnamespace('queue_runtime') IS NULL THEN CREATE SCHEMA queue_runtime; END IF;
END $$;

CREATE TABLE queue_runtime.schema_version (
  version integer PRIMARY KEY,
  migrated_at timestamptz NOT NULL DEFAULT now()
);`;
