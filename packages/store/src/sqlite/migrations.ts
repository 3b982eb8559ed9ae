// The numbered steps that bring a file to the schema of this program, each exactly once.

import { StoreError } from "../errors.ts";
import type { Migration } from "../store.ts";
import { applicationId } from "./driver/inspect.ts";
import type { Driver } from "./driver.ts";
import { jobs } from "./migrations/1-jobs.ts";
import { flow } from "./migrations/2-flow.ts";
import { commands } from "./migrations/3-commands.ts";

/** The schema version is the number of steps taken, kept in the file's `user_version`. */
const steps: readonly string[] = [jobs, flow, commands];

/**
 * Takes the missing steps in one transaction: of several processes that start at once, the first
 * to get the write lock does it and the others see it done.
 * @throws StoreError `newer-schema`, `not-a-store`
 */
export async function migrate(driver: Driver): Promise<Migration> {
  const seen = await schema(driver);
  if (seen.from === seen.to) return seen;
  return driver.write(() => {
    const found = look(driver);
    if (found.from < found.to) driver.script(script(found.from));
    return found;
  }, "full");
}

/** @throws StoreError `newer-schema`, `not-a-store` */
export function schema(driver: Driver): Promise<Migration> {
  return driver.read(() => look(driver));
}

/** As `migrate` would run it; empty when nothing is missing. */
export async function migrationSql(driver: Driver): Promise<string> {
  const { from, to } = await schema(driver);
  return from === to ? "" : script(from);
}

function look(driver: Driver): Migration {
  // In this order: whoever migrates between the reads commits tables, mark and version at once.
  const empty = driver.value("SELECT count(*) FROM sqlite_schema") === 0;
  const id = driver.value("PRAGMA application_id") as number;
  const from = driver.value("PRAGMA user_version") as number;
  // Another program may have taken the empty file since it was opened.
  if (id !== applicationId && !(id === 0 && empty))
    throw new StoreError(
      "not-a-store",
      `${driver.path} is a database of another program: name another file as the store`,
    );
  if (from > steps.length)
    throw new StoreError(
      "newer-schema",
      `the store ${driver.path} has schema ${from}, and this version knows ${steps.length}: ` +
        "install the version that wrote it, or a newer one",
    );
  return { from, to: steps.length };
}

function script(from: number): string {
  const marks = [
    `PRAGMA user_version = ${steps.length};`,
    `PRAGMA application_id = ${applicationId};`,
  ];
  return [...steps.slice(from), ...marks].join("\n");
}
