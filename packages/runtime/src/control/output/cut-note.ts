// Beside an output that was cut lies a note, so that whoever reads along knows where it stands: how
// much came before the first byte of the file, and which file holds the last part of that. The note
// says beforehand that a cut is being made: what was read between two equal notes is of one piece.

import { readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";

export interface CutNote {
  /** Written before the first byte in the file. */
  readonly bytes: number;
  /** The inode of the older output that ends there; 0 where nothing was cut. */
  readonly older: number;
  /** It is being cut: in a moment there is another note. */
  readonly cutting: boolean;
}

/** What a file held before it was cut short; older than everything in the file. */
export function olderOutput(file: string): string {
  return `${file}.1`;
}

export function cutNote(file: string): string {
  return `${file}.cut`;
}

export function readCutNote(file: string): CutNote {
  let text = "";
  try {
    text = readFileSync(cutNote(file), "latin1");
  } catch {
    // it was never cut
  }
  const [bytes, older, state] = text.split(" ");
  return { bytes: Number(bytes), older: Number(older ?? 0), cutting: state === "cutting" };
}

/** Runs `cut`, which answers how many bytes it cut off; nobody waits for it in between. */
export function noteCut(file: string, cut: () => number): void {
  const { bytes, older } = readCutNote(file);
  write(file, `${bytes} ${older} cutting`);
  let more = 0;
  try {
    more = cut();
  } finally {
    write(file, `${bytes + more} ${inodeOf(olderOutput(file))}`);
  }
}

/** The older output is another file now, with the same end. */
export function noteReplaced(file: string): void {
  write(file, `${readCutNote(file).bytes} ${inodeOf(olderOutput(file))}`);
}

/** Of a file that begins anew. */
export function forgetCut(file: string): void {
  for (const each of [olderOutput(file), cutNote(file)]) rmSync(each, { force: true });
}

/** Nobody reads half a note. */
function write(file: string, text: string): void {
  writeFileSync(`${cutNote(file)}.new`, text, { mode: 0o600 });
  renameSync(`${cutNote(file)}.new`, cutNote(file));
}

function inodeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? 0;
}
