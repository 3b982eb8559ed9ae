// Imports one module of a user: with Node's own loader, and where TypeScript needs more than type
// stripping, with jiti if it is installed. Native comes first because it is faster and shares
// module instances with the application; jiti is second because it alone works alike in threads and
// forks, for ESM and CommonJS. Nothing is loaded afresh here: a reload starts new processes.

import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import type { Jiti } from "jiti";
import { isUnparsable } from "./stack.ts";

/** The exports of the module. Rejects with what it threw. */
export async function importModule(path: string): Promise<object> {
  try {
    return await import(pathToFileURL(path).href);
  } catch (error) {
    const jiti = needsMoreThanStripping(path, error) ? await findJiti() : null;
    if (jiti === null) throw error;
    return await importWith(jiti, path, error);
  }
}

/** When jiti cannot read the file either, Node's error is the better one: it knows the line. */
async function importWith(jiti: Jiti, path: string, nativeError: unknown): Promise<object> {
  try {
    return await jiti.import<object>(path);
  } catch (error) {
    const message = error instanceof Error ? error.message : "";
    const unreadable = message.startsWith("ParseError") || codeOf(error) === "MODULE_NOT_FOUND";
    throw unreadable ? nativeError : error;
  }
}

/** Errors from before the first line of the module runs, so that no line runs twice. */
function needsMoreThanStripping(path: string, error: unknown): boolean {
  const code = codeOf(error);
  if (code !== null && strippingCodes.has(code)) return true;
  if (!isTypeScript(path)) return isCommonJsTrouble(error);
  return isUnparsable(error) || (code !== null && resolutionCodes.has(code));
}

/** ES module syntax in a file that its package.json makes CommonJS. */
export function isCommonJsTrouble(error: unknown): boolean {
  return isUnparsable(error) && commonJs.test((error as SyntaxError).message);
}

export function isTypeScript(path: string): boolean {
  return /\.[cm]?ts$/.test(path);
}

export function codeOf(error: unknown): string | null {
  if (!(error instanceof Error) || !("code" in error)) return null;
  return typeof error.code === "string" ? error.code : null;
}

const commonJs =
  /outside a module|Unexpected token 'export'|await is only valid|Cannot use 'import.meta'/;

export const strippingCodes: ReadonlySet<string> = new Set([
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING",
]);

/** TypeScript may import `./db` or `./db.js` and mean db.ts. */
export const resolutionCodes: ReadonlySet<string> = new Set([
  "ERR_MODULE_NOT_FOUND",
  "ERR_UNSUPPORTED_DIR_IMPORT",
]);

let found: Promise<Jiti | null> | undefined;

/** One for the process, so that the modules it loads share theirs; null when not installed. */
function findJiti(): Promise<Jiti | null> {
  found ??= openJiti();
  return found;
}

async function openJiti(): Promise<Jiti | null> {
  try {
    createRequire(import.meta.url).resolve("jiti");
  } catch {
    return null; // An optional peer: most projects do without.
  }
  const { createJiti } = await import("jiti");
  // Our own packages stay with Node: a second copy would have registers of its own for hooks.
  const nativeModules = ["queue-runtime", "@queue-runtime/job", "@queue-runtime/store"];
  return createJiti(import.meta.url, { interopDefault: false, nativeModules });
}
