// The URL of the store. Whether anything is there is for the store to say, when it is opened.

import { basename, dirname, resolve } from "node:path";
import { type Reader, text } from "../readers.ts";
import { complainOfPostgres, postgresAdvice, withHost } from "./postgres.ts";

const scheme = "sqlite:";
const sqliteAdvice = "write sqlite:./path/to/queue.sqlite";
const eitherAdvice = `${sqliteAdvice} or ${postgresAdvice.slice("write ".length)}`;
const longest = 4_096;
/** Of a folder; file systems take 255 bytes. */
const longestName = 200;

/** With an absolute path; relative ones start at `folder`, or where the flag was typed. */
export function readStore(folder: string): Reader<string> {
  return (tree, problems) => {
    const url = text(eitherAdvice, longest, () => "this")(tree, problems);
    if (url === undefined) return undefined;
    const complaint = complain(url);
    if (complaint === null) return absoluteStore(url, tree.place.line === 0 ? "." : folder);
    problems.add(tree.place, complaint);
    return undefined;
  };
}

export function absoluteStore(url: string, folder: string): string {
  return isFile(url) ? scheme + resolve(folder, url.slice(scheme.length)) : withHost(url);
}

/**
 * The folder for what belongs beside the store, the control socket above all: that of its file. A
 * server has none on this host; then it is `data` beside the configuration, where the default store
 * would be. So each host has a socket of its own, however many share the server.
 */
export function storeFolder(url: string, folder: string): string {
  return isFile(url) ? dirname(url.slice(scheme.length)) : resolve(folder, "data");
}

/**
 * The name of what belongs to this store alone, in the folder of what belongs beside stores:
 * `queue.output` of `queue.sqlite`, `output-host-database` of a server. Never with a secret in it.
 */
export function namedAfterStore(what: string, url: string): string {
  if (isFile(url)) return `${basename(url).replace(/\.sqlite$/, "")}.${what}`;
  const { hostname, port, pathname, username, searchParams } = new URL(url);
  const host = searchParams.get("host") ?? hostname;
  const parts = [host, port, pathname.slice(1) || username].filter((part) => part !== "");
  const plain = parts.map((part) => part.replace(/[^\w.-]+/g, "_").replace(/^_|_$/g, ""));
  return [what, ...plain].join("-").slice(0, longestName);
}

function isFile(url: string): boolean {
  return url.startsWith(scheme);
}

/** Never repeats the URL: it may hold a password. */
function complain(url: string): string | null {
  const found = /^[a-z][a-z0-9+.-]*:/i.exec(url)?.[0];
  if (found === undefined) {
    return `this is no store, it has no scheme such as sqlite:; ${eitherAdvice}`;
  }
  const [complaint, advice] =
    found === scheme
      ? [complainOfFile(url.slice(scheme.length)), sqliteAdvice]
      : /^postgres(?:ql)?:$/.test(found)
        ? [complainOfPostgres(url), postgresAdvice]
        : ["no store has this scheme", eitherAdvice];
  return complaint === null ? null : `${complaint}; ${advice}`;
}

function complainOfFile(path: string): string | null {
  if (path === ":memory:") return "a store in memory cannot be shared by processes";
  if (path === "") return "the path of the store is missing";
  if (path.endsWith("/")) return "the path of the store is a folder";
  if (/^\/\/[^/]/.test(path)) return "after sqlite: comes a path, not // and a host";
  if (path.includes("?")) return 'the path of the store has a "?", options are not supported';
  return null;
}
