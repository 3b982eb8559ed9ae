// `runtime migrate --print` on SQLite; on PostgreSQL see postgres-commands.test.ts.

import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { CliProject } from "../support/cli-project.ts";

test("it shows the SQL of a store that is missing and makes none; run by hand it is the store", async () => {
  using project = new CliProject();
  const printed = await project.run("migrate", "--print");
  expect([printed.code, printed.stderr]).toEqual([0, ""]);
  expect(existsSync(project.store)).toBe(false);
  const { sql, from, to } = await project.json<{ sql: string; from: number; to: number }>(
    "migrate",
    "--print",
  );
  expect([printed.stdout, from]).toEqual([`${sql}\n`, 0]);

  await project.run("migrate");
  const byHand = new DatabaseSync(":memory:");
  byHand.exec(sql);
  const migrated = new DatabaseSync(project.store, { readOnly: true });
  const shape = (database: DatabaseSync) =>
    database.prepare("SELECT type, name, sql FROM sqlite_schema ORDER BY name").all();
  expect(shape(byHand)).toEqual(shape(migrated));
  byHand.close();
  migrated.close();

  const again = await project.run("migrate", "--print");
  const stderr = `nothing is missing: the schema is version ${to}\n`;
  expect(again).toEqual({ code: 0, stdout: "", stderr });
});
