// One run of the person's editor for any number of commands.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Changes, Editable } from "../../../control/desk.ts";
import { CommandError } from "../../line/errors.ts";
import { readDirectory } from "../given/directory.ts";
import { readDocument, writeDocument } from "./document.ts";

/**
 * Resolves with what was written, by id, when the editor has ended; empty where nothing was.
 * @throws CommandError when the editor fails, or what it left cannot be read
 */
export async function editAll(rows: readonly Editable[]): Promise<ReadonlyMap<number, Changes>> {
  const folder = await mkdtemp(join(tmpdir(), "runtime-edit-"));
  try {
    const file = join(folder, "commands.yaml");
    await writeFile(file, writeDocument(rows), { mode: 0o600 });
    await runEditor(file);
    return readDocument(await readFile(file, "utf8"), rows);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Only fields that are not as they were. @throws CommandError for a new folder that is none */
export function changedIn(
  before: readonly Editable[],
  after: ReadonlyMap<number, Changes>,
): readonly (readonly [string, Changes])[] {
  return before.flatMap((row): readonly (readonly [string, Changes])[] => {
    const wanted = Object.entries(after.get(row.id) ?? {}).filter(
      ([name, value]) => trimmed(row[name as keyof Editable]) !== value,
    );
    if (wanted.length === 0) return [];
    const changes = Object.fromEntries(wanted) as Changes;
    const { directory } = changes;
    const checked = directory === undefined ? {} : { directory: readDirectory(directory) };
    return [[String(row.id), { ...changes, ...checked }]];
  });
}

/** A block of text ends in a line break that nobody typed: one less is no change. */
function trimmed(value: Editable[keyof Editable]): Editable[keyof Editable] {
  return typeof value === "string" ? value.replace(/\n$/, "") : value;
}

/** `$VISUAL` and `$EDITOR` may hold options: the shell splits them, never the path of the file. */
async function runEditor(file: string): Promise<void> {
  const editor = process.env.VISUAL || process.env.EDITOR || "vi";
  // Ctrl-C at the terminal is meant for the editor; we put things back when it has ended
  const ignore = (): void => undefined;
  process.on("SIGINT", ignore);
  process.on("SIGQUIT", ignore);
  try {
    const child = spawn("sh", ["-c", `${editor} "$1"`, "sh", file], { stdio: "inherit" });
    const [code, signal] = (await once(child, "exit")) as [number | null, string | null];
    if (code === 0) return;
    const how = code === null ? `was ended by ${signal}` : `exited with ${code}`;
    const hint = code === 127 ? "; set $EDITOR to one that is there" : "";
    throw new CommandError(`nothing was changed: the editor ${how}${hint}`);
  } finally {
    process.off("SIGINT", ignore);
    process.off("SIGQUIT", ignore);
  }
}
