// `jobs` and `hooks`: text that names modules on disk.

import { statSync } from "node:fs";
import { resolve } from "node:path";
import { findModules } from "../../modules/find.ts";
import { quote } from "../quote.ts";
import { listOf, type Reader, text } from "../readers.ts";

/** Absolute paths of all modules, in the order of the list, each once. */
export function readJobs(folder: string): Reader<readonly string[]> {
  const pattern = text("write a file, a folder or a glob, such as ./jobs");
  return (tree, problems) => {
    listOf(pattern, "name a file, a folder or a glob, or leave the key out")(tree, problems);
    const found = new Set<string>();
    for (const item of tree.kind === "list" ? tree.items : [tree]) {
      if (item.kind !== "scalar" || item.unknown || !item.text) continue;
      const { paths, problem } = findModules(item.text, folder);
      if (problem !== null) problems.add(item.place, problem);
      for (const path of paths) found.add(path);
    }
    return [...found];
  };
}

export function readHooks(folder: string): Reader<string> {
  const path = text("write the path of a module, such as ./hooks.ts");
  return (tree, problems) => {
    const written = path(tree, problems);
    if (written === undefined) return undefined;
    const file = resolve(folder, written);
    const found = statSync(file, { throwIfNoEntry: false });
    if (found?.isFile()) return file;
    const complaint = found ? "is not a file" : "does not exist";
    problems.add(tree.place, `${quote(written)} ${complaint}; write the path of a module`);
    return undefined;
  };
}
