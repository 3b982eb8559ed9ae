// `pg` is an optional peer: whoever stays with SQLite does not install it.

import type pg from "pg";
import { StoreError } from "../../errors.ts";

/** @throws StoreError `unsupported` */
export async function loadPg(): Promise<typeof pg> {
  try {
    return (await import("pg")).default;
  } catch (cause) {
    const missing = "a PostgreSQL store needs the package pg";
    throw new StoreError("unsupported", `${missing}: run \`npm install pg\``, { cause });
  }
}
