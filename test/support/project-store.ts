// Where the project of a test has its store: in a file of its own folder, or, when the tests run
// with RUNTIME_TEST_STORE=postgres, in an empty database of its own. Databases are made ahead,
// because a project is made at once; see postgres/each-test.ts.

import { createDatabase, dropDatabase } from "./postgres/databases.ts";
import { sharedPostgres } from "./postgres/desk.ts";

export type StoreKind = "sqlite" | "postgres";

/** Which store this run of the tests is about. */
export const storeKind: StoreKind =
  process.env.RUNTIME_TEST_STORE === "postgres" ? "postgres" : "sqlite";

/** No test has more projects than this. */
const spares = 3;

const ready: string[] = [];
const taken: string[] = [];

/** What to write into the queue.yml of a new project. */
export function newProjectStore(file: string): string {
  if (storeKind === "sqlite") return `sqlite:${file}`;
  const url = ready.shift();
  if (url === undefined) throw new Error(`one test wants more than ${spares} databases`);
  taken.push(url);
  return url;
}

/** Makes as many databases as one test may need; on SQLite there is nothing to make. */
export async function prepareStores(): Promise<void> {
  if (storeKind === "sqlite") return;
  const server = await sharedPostgres();
  while (ready.length < spares) ready.push(await createDatabase(server));
}

/** Drops every database that was made here. */
export async function dropStores(): Promise<void> {
  for (const url of [...taken.splice(0), ...ready.splice(0)]) await dropDatabase(url);
}
