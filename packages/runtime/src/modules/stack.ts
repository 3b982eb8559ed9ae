// Where in the code of users an error comes from, read from its stack.

import { fileURLToPath } from "node:url";

export interface Location {
  /** Absolute. */
  readonly file: string;
  /** Counts from 1; null when only the file is known. */
  readonly line: number | null;
}

/**
 * Errors of parsers begin their stack with `file:line`; those of running code have frames, of
 * which one in `path` itself is preferred: that is the line its author knows.
 */
export function locate(error: unknown, path: string): Location | null {
  const frames = framesOf(error);
  return headOf(error) ?? frames.find(({ file }) => file === path) ?? frames[0] ?? null;
}

/** A file that cannot be parsed, rather than code that ran and threw, as `JSON.parse` does. */
export function isUnparsable(error: unknown): boolean {
  return error instanceof SyntaxError && (headOf(error) !== null || framesOf(error).length === 0);
}

function headOf(error: unknown): Location | null {
  const [head = ""] = stackOf(error);
  return location(/^((?:file:\/\/)?\/.+):(\d+)$/.exec(head));
}

/** Outside Node, installed packages and import.ts, from where all are loaded; innermost first. */
function framesOf(error: unknown): readonly Location[] {
  const found: Location[] = [];
  for (const frame of stackOf(error).slice(1)) {
    if (/^ +at async import(?:Module|With) /.test(frame)) break;
    const match = /(?:\(|at |async )((?:file:\/\/)?\/[^()]+):(\d+):\d+\)?$/.exec(frame);
    const place = location(match);
    if (place && !place.file.includes("/node_modules/")) found.push(place);
  }
  return found;
}

function location(match: RegExpExecArray | null): Location | null {
  if (match === null) return null;
  const [, file = "", line] = match;
  return {
    file: file.startsWith("file://") ? fileURLToPath(file.replace(/\?.*/, "")) : file,
    line: Number(line),
  };
}

function stackOf(error: unknown): readonly string[] {
  if (!(error instanceof Error) || typeof error.stack !== "string") return [];
  return error.stack.split("\n");
}
