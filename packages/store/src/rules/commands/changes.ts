// What an editor may make of a command: checked before anything is written, so that one wrong field
// changes no command at all.

import type { CommandChanges } from "../../store/commands.ts";
import { object, prefixed } from "../fields.ts";
import { checkLabel, checkPriority } from "../new-job.ts";
import { checkDirectory, checkLine } from "./new-command.ts";

const none: ReadonlyMap<number, CommandChanges> = new Map();

/**
 * Of each command its changes, with nothing in them but what may be changed.
 * @throws StoreError `invalid`, with the id in its message
 */
export function checkChanges(
  changes: ReadonlyMap<number, CommandChanges> | undefined,
): ReadonlyMap<number, CommandChanges> {
  if (!changes || changes.size === 0) return none;
  return new Map(
    [...changes].map(([id, given]) => [
      id,
      prefixed(`command ${id} cannot be changed`, () => check(given)),
    ]),
  );
}

function check(changes: CommandChanges): CommandChanges {
  const { line, directory, label, priority } = object("changes", changes) as CommandChanges;
  return {
    ...(line !== undefined && { line: checkLine(line) }),
    ...(directory !== undefined && { directory: checkDirectory(directory) }),
    ...(label !== undefined && { label: checkLabel(label) }),
    ...(priority !== undefined && { priority: checkPriority(priority) }),
  };
}
