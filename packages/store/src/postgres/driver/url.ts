// The URL of a store, taken apart: what is ours, what is for `pg`, what may be shown.

import { StoreError } from "../../errors.ts";

export interface StoreUrl {
  /** Without anything secret. */
  readonly shown: string;
  /** For `pg`. */
  readonly connectionString: string;
  /** Where the tables are. */
  readonly schema: string;
  /** Settings of the session that the user wants, such as `-c work_mem=8MB`. */
  readonly options: string;
}

/** @throws StoreError `unsupported` */
export function readUrl(url: string): StoreUrl & { readonly name: string | undefined } {
  const parsed = parse(url);
  const take = (name: string): string | undefined => {
    const value = parsed.searchParams.get(name) ?? undefined;
    parsed.searchParams.delete(name);
    return value;
  };
  const schema = take("schema") ?? "queue_runtime";
  const name = take("application_name");
  const options = take("options") ?? "";
  checkSchema(schema);
  nameVerification(parsed);
  const connectionString = parsed.href;
  parsed.password = "";
  take("password");
  if (schema !== "queue_runtime") parsed.searchParams.set("schema", schema);
  return { shown: parsed.href, connectionString, schema, options, name };
}

function checkSchema(schema: string): void {
  if (/^(?!pg_)[a-z_][a-z0-9_]{0,62}$/.test(schema)) return;
  const what = "the schema in the store's URL must be lower-case letters, digits and _";
  throw new StoreError("unsupported", `${what}, not "${schema}"`);
}

/** What these modes mean to `pg`, which else prints a warning of many lines with every process. */
function nameVerification({ searchParams }: URL): void {
  const mode = searchParams.get("sslmode") ?? "";
  const isAlias = ["prefer", "require", "verify-ca"].includes(mode);
  if (isAlias && !searchParams.has("uselibpqcompat")) searchParams.set("sslmode", "verify-full");
}

function parse(url: string): URL {
  try {
    return new URL(url);
  } catch {
    const example = "postgres://user:password@host:5432/database";
    throw new StoreError("unsupported", `the URL of the store is malformed: write ${example}`);
  }
}
