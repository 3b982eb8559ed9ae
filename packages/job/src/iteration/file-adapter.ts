// Interrupts once a path exists: a preStop hook or a notice that a spot instance will be taken.

import { existsSync } from "node:fs";
import { sampled } from "./sampled.ts";

/** For the name `file:PATH`; a relative path is relative to the working directory. */
export function fileAdapter(path: string): () => string | false {
  if (path === "") {
    throw new TypeError('the interruption adapter "file" needs a path, as in file:/run/drain');
  }
  return sampled(() => existsSync(path) && `the file ${path} exists`);
}
