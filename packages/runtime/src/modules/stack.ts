// Where in the code of users an error comes from, read from its stack.

import { fileURLToPath } from "node:url";

export interface Location {
  /** Absolute. */
  readonly file: string;
  /** Counts from 1; null when only the file is known. */
  readonly line: number | null;
}

/** Errors of parsers begin their stack with `file:line`; those of running code have frames. */
export function locate(error: unknown): Location | null {
  return headOf(error) ?? frameOf(error);
}

/** A file that cannot be parsed, rather than code that ran and threw, as `JSON.parse` does. */
export function isUnparsable(error: unknown): boolean {
  return error instanceof SyntaxError && (headOf(error) !== null || frameOf(error) === null);
}

function headOf(error: unknown): Location | null {
  const [head = ""] = stackOf(error);
  return location(/^((?:file:\/\/)?\/.+):(\d+)$/.exec(head));
}

/** The innermost frame outside Node, installed packages and import.ts, from where all are loaded. */
function frameOf(error: unknown): Location | null {
  for (const frame of stackOf(error).slice(1)) {
    if (/^ +at async import(?:Module|With) /.test(frame)) return null;
    const match = /(?:\(|at |async )((?:file:\/\/)?\/[^()]+):(\d+):\d+\)?$/.exec(frame);
    if (match && !match[1]!.includes("/node_modules/")) return location(match);
  }
  return null;
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
