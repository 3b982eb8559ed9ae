// The bare loop of a drain: what SQLite itself allows to a queue that keeps its rows. One process,
// prepared statements, WAL with synchronous=NORMAL; each transaction settles the last 100 jobs one
// by one and claims the next 100 in one statement. No fences, no errors, no JSON, no job code, and
// a table with nothing but what that needs. `keep: false` deletes what ended instead.

import { DatabaseSync } from "node:sqlite";
import { payload } from "../harness/payload.ts";
import { asked } from "../harness/program.ts";

interface Options {
  readonly file: string;
  readonly jobs: number;
  readonly batch: number;
  readonly keep: boolean;
}

const schema = `
  PRAGMA journal_mode = WAL;
  PRAGMA synchronous = NORMAL;
  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    queue TEXT NOT NULL,
    state TEXT NOT NULL,
    priority INTEGER NOT NULL,
    args TEXT,
    created_at INTEGER NOT NULL,
    started_at INTEGER,
    finished_at INTEGER
  ) STRICT;
  CREATE INDEX jobs_ready ON jobs (priority, id) WHERE state = 'ready';`;

const { file, jobs, batch, keep } = asked<Options>();
const database = new DatabaseSync(file);
database.exec(schema);
fill();
const began = performance.now();
const done = drain();
const ms = performance.now() - began;
if (done !== jobs) throw new Error(`${done} of ${jobs} jobs were drained`);
database.close();
process.send!(jobs / (ms / 1_000));
process.disconnect();

function fill(): void {
  const insert = database.prepare(`INSERT INTO jobs (name, queue, state, priority, args, created_at)
    VALUES ('noop', 'default', 'ready', 0, ?, 1)`);
  database.exec("BEGIN");
  for (let number = 0; number < jobs; number += 1) insert.run(JSON.stringify(payload(number)));
  database.exec("COMMIT");
}

function drain(): number {
  const begin = database.prepare("BEGIN IMMEDIATE");
  const commit = database.prepare("COMMIT");
  const claim = database.prepare(`UPDATE jobs SET state = 'running', started_at = ?
    WHERE id IN (SELECT id FROM jobs WHERE state = 'ready' ORDER BY priority, id LIMIT ${batch})
    RETURNING id, args`);
  claim.setReturnArrays(true);
  const settle = database.prepare(
    keep
      ? "UPDATE jobs SET state = 'finished', finished_at = ? WHERE id = ?"
      : "DELETE FROM jobs WHERE ? AND id = ?",
  );
  let settled = 0;
  let running: number[] = [];
  do {
    const now = Math.round(performance.timeOrigin + performance.now());
    begin.run();
    for (const id of running) settle.run(now, id);
    settled += running.length;
    running = (claim.all(now) as unknown as [number][]).map(([id]) => id);
    commit.run();
  } while (running.length > 0);
  return settled;
}
