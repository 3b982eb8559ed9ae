// Databases that are emptied and used again, for tests that change nothing but rows: a tenth of
// what it costs to copy one and to drop it. The schema has to stay as it is.

import { Client } from "pg";
import { waitFor } from "../wait-for.ts";
import { copyDatabase } from "./databases.ts";

/** In bytes. Larger tables are made anew, so that nobody walks over what tests before it left. */
const largestTable = 100_000;

const tables = `
SELECT oid::regclass::text AS name FROM pg_class
WHERE relnamespace = 'queue_runtime'::regnamespace AND relkind = 'r'
  AND relname <> 'schema_version'`;

const empty = `
SET session_replication_role = replica;
DO $$
DECLARE
  each text;
BEGIN
  FOR each IN ${tables} LOOP
    IF pg_relation_size(each) > ${largestTable} THEN
      EXECUTE 'TRUNCATE ' || each;
    ELSE
      EXECUTE 'DELETE FROM ' || each;
    END IF;
  END LOOP;
  PERFORM setval(oid::regclass, 1, false) FROM pg_class
  WHERE relnamespace = 'queue_runtime'::regnamespace AND relkind = 'S';
END
$$`;

const endOthers = `
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()`;

/** Rows of one table, as JSON. */
interface Content {
  readonly name: string;
  readonly rows: string;
}

export class ReusedDatabases {
  readonly #original: () => Promise<string>;
  readonly #free: string[] = [];
  /** What the original holds. */
  #contents: readonly Content[] = [];

  /** The URL of a migrated database that nobody has used, nor is connected to. */
  constructor(original: () => Promise<string>) {
    this.#original = original;
  }

  /** The URL of a database like the original. */
  async take(): Promise<string> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    const url = await copyDatabase(await this.#original());
    this.#contents = await connected(url, contentsOf);
    return url;
  }

  /** Ends its connections, also those that a pooler keeps for later, and takes back all changes. */
  async giveBack(url: string): Promise<void> {
    await connected(url, async (client) => {
      const left = async () => (await client.query(endOthers)).rows.length === 0;
      await waitFor(left, { what: `nobody to be connected to ${url}`, everyMs: 1 });
      await client.query(empty);
      for (const { name, rows } of this.#contents) {
        const all = `SELECT * FROM jsonb_populate_recordset(NULL::${name}, $1)`;
        await client.query(`INSERT INTO ${name} ${all}`, [rows]);
      }
    });
    this.#free.push(url);
  }
}

async function contentsOf(client: Client): Promise<Content[]> {
  const contents: Content[] = [];
  for (const { name } of (await client.query<{ name: string }>(tables)).rows) {
    const all = `SELECT jsonb_agg(each)::text AS rows FROM ${name} each`;
    const rows = (await client.query<{ rows: string | null }>(all)).rows[0]!.rows;
    if (rows !== null) contents.push({ name, rows });
  }
  return contents;
}

async function connected<Value>(url: string, use: (client: Client) => Promise<Value>) {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    return await use(client);
  } finally {
    await client.end();
  }
}
