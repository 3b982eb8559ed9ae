// The URL of the store. Whether anything is there is for the store to say, when it is opened.

import { dirname, resolve } from "node:path";
import { type Reader, text } from "../readers.ts";

const scheme = "sqlite:";
const advice = "write sqlite:./path/to/queue.sqlite";

/** With an absolute path; relative ones start at `folder`, or where the flag was typed. */
export function readStore(folder: string): Reader<string> {
  return (tree, problems) => {
    const url = text(advice)(tree, problems);
    if (url === undefined) return undefined;
    const complaint = complain(url);
    if (complaint === null) return absoluteStore(url, tree.place.line === 0 ? "." : folder);
    problems.add(tree.place, `${complaint}; ${advice}`);
    return undefined;
  };
}

export function absoluteStore(url: string, folder: string): string {
  return scheme + resolve(folder, url.slice(scheme.length));
}

/** The folder that holds the store, for what belongs beside it. */
export function storeFolder(url: string): string {
  return dirname(url.slice(scheme.length));
}

/** Never quotes the URL: it may hold a password. */
function complain(url: string): string | null {
  const found = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0].toLowerCase();
  if (found === undefined) return "this is no store, it has no scheme such as sqlite:";
  if (found !== scheme || !url.startsWith(scheme)) {
    return `${found} is not a store of this version`;
  }
  const path = url.slice(scheme.length);
  if (path === ":memory:") return "a store in memory cannot be shared by processes";
  if (path === "") return "the path of the store is missing";
  if (path.endsWith("/")) return "the path of the store is a folder";
  if (/^\/\/[^/]/.test(path)) return "after sqlite: comes a path, not // and a host";
  if (path.includes("?")) return 'the path of the store has a "?", options are not supported';
  return null;
}
