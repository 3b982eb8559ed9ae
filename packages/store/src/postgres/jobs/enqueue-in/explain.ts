// What an error in the application's transaction means: its user and its database may be others
// than those of the store.

import { StoreError } from "../../../errors.ts";
import { failure } from "../../driver/failure.ts";
import type { Driver } from "../../driver.ts";

/** A StoreError, or the error as it came. */
export function explain(error: unknown, { account, url }: Driver, commands = false): unknown {
  const { schema } = account;
  const found = ofDatabase(error);
  switch ((found as { code?: unknown }).code) {
    case "42501":
      return new StoreError(
        "denied",
        "the user of this transaction may not enqueue: grant it USAGE on the schema " +
          `${schema} and ` +
          (commands
            ? `SELECT, INSERT and UPDATE on the table ${schema}.jobs and those of commands`
            : `EXECUTE on the function ${schema}.enqueue_many`),
        { cause: error },
      );
    case "3F000":
    case "42883":
      return invalid(`its database has no ${schema}.enqueue_many, which the store ${url} has`);
    case "25P02":
      return invalid("it has failed: roll it back, and begin another");
    default: {
      const explained = failure(found, account);
      return explained === found ? error : explained;
    }
  }
}

export function invalid(what: string): StoreError {
  return new StoreError("invalid", `jobs cannot be enqueued in this transaction: ${what}`);
}

interface PrismaError {
  readonly meta?: {
    readonly driverAdapterError?: { readonly cause?: { code?: string; message?: string } };
  };
}

/** Prisma gives its own errors codes of its own. */
function ofDatabase(error: unknown): unknown {
  const { code, message } = (error as PrismaError)?.meta?.driverAdapterError?.cause ?? {};
  return code ? Object.assign(new Error(message, { cause: error }), { code }) : (error ?? {});
}
