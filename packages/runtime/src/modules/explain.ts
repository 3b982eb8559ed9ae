// Why a module could not be loaded, in one sentence, and the line where that can be known.

import { spawnSync } from "node:child_process";
import { existsSync, realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { displayPath } from "../config/problems.ts";
import {
  codeOf,
  isCommonJsTrouble,
  isTypeScript,
  resolutionCodes,
  strippingCodes,
} from "./import.ts";
import type { ModuleProblem } from "./problems.ts";
import { isUnparsable, type Location, locate } from "./stack.ts";

/** @param path of the module that was to be loaded; the error may come from one it imports */
export function explainFailure(path: string, error: unknown): ModuleProblem {
  if (!existsSync(path)) return { file: path, line: null, message: "does not exist any more" };
  const { file, line } = place(path, error);
  const via = file === path ? "" : ` (imported by ${displayPath(path)})`;
  return { file, line, message: `${sentence({ file, line }, error)}${via}` };
}

/** Node speaks of real paths, people of the links they wrote. */
function place(path: string, error: unknown): Location {
  const real = realpathSync(path);
  const { file, line } = placeInFiles(real, error);
  return { file: file === real ? path : file, line };
}

function placeInFiles(path: string, error: unknown): Location {
  const importer = importerOf(error);
  if (importer !== null) return { file: importer, line: null };
  const found = locate(error, path) ?? (isUnparsable(error) ? checkSyntax(path) : null);
  return found ?? { file: path, line: null };
}

/** Of an import that leads nowhere, Node names the file it is written in. */
function importerOf(error: unknown): string | null {
  if (!resolutionCodes.has(codeOf(error) ?? "")) return null;
  const found = / imported from (.+)$/.exec(oneLine(error))?.[1];
  if (found === undefined) return null;
  return found.startsWith("file://") ? fileURLToPath(found) : found;
}

function sentence({ file, line }: Location, error: unknown): string {
  const said = oneLine(error);
  const code = codeOf(error) ?? "";
  if (code === "ERR_UNSUPPORTED_NODE_MODULES_TYPE_STRIPPING") {
    return "Node.js loads no TypeScript below node_modules; compile it, or install jiti";
  }
  if (strippingCodes.has(code)) return `${said}; write it without, or install jiti`;
  if (resolutionCodes.has(code)) {
    return `${said.replace(/ imported from .+$/, "")}; ${resolutionAdvice(file, said)}`;
  }
  if (isCommonJsTrouble(error)) {
    const name = isTypeScript(file) ? ".mts" : ".mjs";
    return `its package.json makes it CommonJS; rename it to ${name}, or write "type": "module"`;
  }
  if (!isUnparsable(error)) return `it throws while it loads: ${said}`;
  if (/does not provide an export named/.test(said)) return `${said}${exportAdvice(file)}`;
  const which = line === null ? "it, or a module it imports," : "it";
  return `${which} is not valid ${isTypeScript(file) ? "TypeScript" : "JavaScript"}: ${said}`;
}

function resolutionAdvice(file: string, said: string): string {
  if (/^Cannot find package/.test(said)) return "install it, or mend the import";
  if (!isTypeScript(file)) return "mend the import";
  return "write the import with the ending of the file, such as ./db.ts, or install jiti";
}

function exportAdvice(file: string): string {
  return `; mend the name${isTypeScript(file) ? ", or write `import type` for a type" : ""}`;
}

function oneLine(error: unknown): string {
  if (!(error instanceof Error)) return `a value that is no Error (${typeof error})`;
  return (error.message || error.name).split("\n")[0]!.slice(0, 500);
}

/** Of an ES module's syntax error `import()` tells no line; Node's own check of the file does. */
function checkSyntax(path: string): Location | null {
  if (isTypeScript(path)) return null;
  const options = { encoding: "utf8", env: {}, timeout: 5_000 } as const;
  const { stderr } = spawnSync(process.execPath, ["--check", path], options);
  const found = /^.+:(\d+)$/m.exec(stderr ?? "");
  return found && { file: path, line: Number(found[1]) };
}
