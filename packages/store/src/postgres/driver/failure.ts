// What the errors of PostgreSQL and of the network mean to the person who has to do something.
// Codes: PostgreSQL documentation, appendix A.

import { StoreError, type StoreErrorCode } from "../../errors.ts";

interface PgError extends Error {
  readonly code?: string;
  readonly severity?: string;
}

const lostAgainstAnother: ReadonlySet<string> = new Set([
  "40001", // serialization_failure
  "40P01", // deadlock_detected
  "55P03", // lock_not_available
]);

/** Rolled back because of another transaction, and by itself nothing is wrong with it. */
export function isWorthARepeat(error: unknown): boolean {
  return lostAgainstAnother.has(codeOf(error));
}

/** Codes after which nothing else is to be had there; 25006: the server turned into a standby. */
const lastWords = /^(08|57P0|25P0[34]|25006)/;

/**
 * The server said no, and the connection is as good as before. Not by its severity alone: servers
 * translate that, and a pooler calls an error what it hangs up after.
 */
export function isAnswer(error: unknown): boolean {
  const { severity } = error as PgError;
  if (severity === undefined || severity === "FATAL" || severity === "PANIC") return false;
  return !lastWords.test(codeOf(error));
}

/**
 * A StoreError that names the store; a mistake in our own SQL comes back as it is. `sent`:
 * something was under way, and a lost connection leaves open whether it came through.
 */
export function failure(
  error: unknown,
  { shown }: { readonly shown: string },
  sent = false,
): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const said = meaning(error, sent);
  if (!said) return error;
  const [code, message] = said;
  return new StoreError(code, message.replaceAll("{url}", shown), { cause: error });
}

function codeOf(error: unknown): string {
  const { code } = error as PgError;
  return typeof code === "string" ? code : "";
}

type Meaning = readonly [StoreErrorCode, string];

const exact: Readonly<Record<string, Meaning>> = {
  // what our own functions refuse, in the words they have for it
  QR001: ["conflict", "{cause}"],
  QR002: ["invalid", "{cause}"],
  "25006": ["read-only", "{url} only answers reads: it is a standby, connect to the primary"],
  "3D000": ["unreachable", "{url}: there is no such database, create it first"],
  "3F000": ["old-schema", "{url} has no store yet: run `runtime migrate`"],
  "42P01": ["old-schema", "{url} has an old schema or none: run `runtime migrate`"],
  "42703": ["old-schema", "{url} has an old schema: run `runtime migrate`"],
  "42883": ["old-schema", "{url} has an old schema or none: run `runtime migrate`"],
  "53100": ["full", "the disk of {url} is full: make room on it"],
  "53300": ["unreachable", "{url} has no connection left: raise max_connections or use less"],
  "57014": ["unreachable", "{url} took too long to answer: see `runtime doctor`"],
};

const byClass: Readonly<Record<string, Meaning>> = {
  "08": ["unreachable", "the connection to {url} was lost: {cause}"],
  "22": ["invalid", "{url} cannot store this: {cause}"],
  "25": ["unreachable", "{url} ended a transaction that had waited for too long: {cause}"],
  "28": ["unreachable", "{url} refuses the user or the password: {cause}"],
  "40": ["unreachable", "{url} is too busy, transactions keep each other out: {cause}"],
  "53": ["unreachable", "{url} is out of resources: {cause}"],
  "57": ["unreachable", "{url} is shutting down or starting: {cause}"],
  "58": ["unreachable", "{url} has trouble with its own system: {cause}"],
  XX: ["corrupt", "{url} reports damage: {cause}"],
};

function meaning(error: Error, sent: boolean): Meaning | null {
  const code = codeOf(error);
  const cause = firstLine(error.message) || code;
  if (code === "42501") return ["denied", `the user of {url} may not do that: ${cause}`];
  const known = exact[code] ?? (/^[0-9A-Z]{5}$/.test(code) ? byClass[code.slice(0, 2)] : undefined);
  if (known) return [known[0], known[1].replaceAll("{cause}", cause)];
  if (!isOfTheNetwork(error)) return null;
  if (!sent) return ["unreachable", `{url} cannot be reached: ${cause}`];
  const open = "whether the last statement took effect is unknown";
  return ["unreachable", `the connection to {url} was lost, and ${open}: ${cause}`];
}

const networkCodes =
  /^(E(CONN|HOST|NET|AI_|PIPE|TIMEDOUT|NOTFOUND|NOENT|ACCES|PROTO)|ERR_(TLS|SSL|SOCKET|STREAM))/;
const networkWords = new RegExp(
  "connection (terminated|ended|timeout)|timeout (expired|exceeded)|read timeout|not queryable|" +
    "SSL|socket|pg_hba|SASL|password",
  "i",
);

function isOfTheNetwork(error: Error): boolean {
  const [first] = error instanceof AggregateError ? error.errors : [error];
  return networkCodes.test(codeOf(first)) || networkWords.test(String((first as Error)?.message));
}

/** Several addresses of one host fail together; the first of them says why. */
function firstLine(message: string): string {
  return message.split("\n")[0] ?? "";
}
